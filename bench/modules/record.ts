import { register } from "node:module";

// Preloaded with `node --import`: records every module that is loaded afterwards.
register("./hooks.js", import.meta.url);
