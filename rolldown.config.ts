import { defineConfig } from "rolldown";

/**
 * The program in a few dozen files: Node takes longer to find the hundreds of small ones of all dependencies than to run them. What not every command
 * needs stays in files of its own.
 */
export default defineConfig({
  input: {
    cli: "src/cli.ts",
    "sqlite-thread": "src/destination/sqlite/thread-main.ts",
  },
  platform: "node",
  transform: { target: "node20.19" },
  // Compiled for each machine, not always there, or large and seldom needed.
  external: ["better-sqlite3", "pg-native", "echarts", /^@inquirer\//],
  // What jsonc-parser has as `main` finds its files in a way that cannot be followed.
  resolve: { mainFields: ["module", "main"] },
  output: { dir: "dist", format: "esm", chunkFileNames: "[name].js", sourcemap: true },
});
