#!/usr/bin/env node
import { main } from "../dist/src/cli.js";

await main("opik-sync", process.argv.slice(2), "opik");
