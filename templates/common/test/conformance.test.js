import test from "node:test";
import { URL } from "node:url";
import { conformance } from "rivulet/conformance";
import { connector } from "../__MODULE__/main.js";
import { start } from "./service.js";

const folder = new URL("../", import.meta.url);

for (const { name, run } of conformance({ connector, start, folder })) test(name, run);
