#!/usr/bin/env node
import { main } from "../dist/cli.js";

await main("opik-sync", process.argv.slice(2), "opik");
