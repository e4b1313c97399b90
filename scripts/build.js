import { resolve } from "node:path";
import { build } from "rolldown";

/** Compiled for each machine, not always there, or large and seldom needed. */
const apart = ["better-sqlite3", "pg-native", "echarts", "@inquirer"];

/**
 * Builds the program into a few dozen files: Node takes longer to find the hundreds of small ones of all dependencies than to run them. What not every command
 * needs stays in files of its own.
 */
await build({
  cwd: resolve(import.meta.dirname, ".."),
  input: {
    cli: "src/cli/main.ts",
    connector: "src/connector/api.ts",
    conformance: "src/connector/conformance/suite.ts",
    "own-modules": "src/connector/module-hooks.ts",
    "sqlite-thread": "src/destination/sqlite/writer-thread-main.ts",
  },
  platform: "node",
  transform: { target: "node20.19" },
  external: (id, importer) =>
    apart.some((name) => id === name || id.startsWith(`${name}/`)) ||
    // Connectors from outside may use all of it; of the program's own, only what it uses is loaded.
    (id === "zod" && importer?.endsWith("connector/api.ts") === true),
  // What jsonc-parser has as `main` finds its files in a way that cannot be followed.
  resolve: { mainFields: ["module", "main"] },
  output: { dir: "dist", format: "esm", chunkFileNames: "[name].js", sourcemap: true },
});
