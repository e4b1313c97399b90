import { openPostgres } from "./database-kind.ts";
import { declareChaos } from "./chaos.ts";
import { wandbGraphql } from "./services/wandb.ts";

declareChaos("postgres", { open: openPostgres, everyPageServices: [wandbGraphql] });
