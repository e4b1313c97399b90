#!/usr/bin/env node
import { main } from "../dist/src/cli.js";

await main("wandb-sync", process.argv.slice(2), "wandb");
