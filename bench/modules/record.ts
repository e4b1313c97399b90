import { register } from "node:module";

// Loaded before a program, by `node --import`: from here on every module that is loaded is written down.
register("./hooks.js", import.meta.url);
