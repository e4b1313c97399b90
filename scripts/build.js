import { cp } from "node:fs/promises";
import { resolve } from "node:path";
import { build } from "rolldown";
import { versionDefine } from "./build-version.js";
import { thirdPartyNotices } from "./third-party-notices.js";

const root = resolve(import.meta.dirname, "..");

/** Not bundled: native, or optional. */
const unbundled = ["better-sqlite3", "pg-native"];

const notices = thirdPartyNotices();

/**
 * Bundles the program and its dependencies into a few dozen files: Node would take longer to find
 * hundreds of small files than to run them. Code that only some commands need is loaded separately.
 */
await build({
  cwd: root,
  input: {
    cli: "src/cli/main.ts",
    connector: "src/connector/api.ts",
    conformance: "src/connector/conformance/suite.ts",
    "module-hooks": "src/connector/module-hooks.ts",
    "sqlite-query": "src/destination/sqlite/query-process-main.ts",
    "sqlite-thread": "src/destination/sqlite/writer-thread-main.ts",
  },
  platform: "node",
  transform: { target: "node20.19", define: versionDefine(root) },
  external: (id, importer) =>
    unbundled.some((name) => id === name || id.startsWith(`${name}/`)) ||
    // External connectors may use all of zod; the program bundles only the parts that it uses.
    (id === "zod" && importer?.endsWith("connector/api.ts") === true),
  plugins: [notices],
  // The `main` file of jsonc-parser loads its modules in a way that the bundler cannot follow.
  resolve: { mainFields: ["module", "main"] },
  output: { dir: "dist", format: "esm", chunkFileNames: "[name].js", sourcemap: true },
});

/** Reports are shared, without the file of notices. */
const echartsNotice = `/*! Contains Apache ECharts, Copyright 2017-2026 The Apache Software Foundation (Apache-2.0),
and zrender, Copyright (c) 2017 Baidu Inc. (BSD-3-Clause). */`;

/** The browser's part of `report`, which stands in each file that it writes: with its charts. */
await build({
  cwd: root,
  input: "src/report/browser/main.ts",
  platform: "browser",
  plugins: [notices],
  output: { file: "dist/report-page.js", format: "iife", minify: true, banner: echartsNotice },
});
await cp(resolve(root, "src/report/browser/report.css"), resolve(root, "dist/report-page.css"));
