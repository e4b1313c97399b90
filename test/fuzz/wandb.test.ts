import { wandbGraphql } from "../chaos/services/wandb.ts";
import { declareFuzz } from "./fuzz.ts";

declareFuzz("wandb", [wandbGraphql]);
