#!/usr/bin/env node
import { main } from "../dist/cli.js";

await main("wandb-sync", process.argv.slice(2), "wandb");
