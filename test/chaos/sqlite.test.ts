import { openSqlite } from "./database-kind.ts";
import { declareChaos } from "./chaos.ts";
import { opikPages } from "./services/opik.ts";

declareChaos("sqlite", { open: openSqlite, everyPageServices: [opikPages] });
