#!/usr/bin/env node
import { main } from "../dist/cli.js";

await main("countly-sync", process.argv.slice(2), "countly");
