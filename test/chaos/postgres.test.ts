import { openPostgres } from "./arena.ts";
import { declareChaos } from "./chaos.ts";
import { wandbGraphql } from "./services/wandb.ts";

declareChaos("postgres", { open: openPostgres, few: [wandbGraphql] });
