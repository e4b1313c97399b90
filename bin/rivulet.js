#!/usr/bin/env node
import { main } from "../dist/cli.js";

await main("rivulet", process.argv.slice(2));
