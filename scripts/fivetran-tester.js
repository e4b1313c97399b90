import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { rolldown } from "rolldown";

/** Bundles the Fivetran tester of `test/fivetran`, which is TypeScript, and runs it. */
const root = resolve(import.meta.dirname, "..");
const build = await rolldown({
  input: join(root, "test/fivetran/main.ts"),
  cwd: root,
  platform: "node",
  transform: { target: "node20.19" },
  // Installed here, so there is no need to bundle them.
  external: [/^@grpc\//, "better-sqlite3"],
  logLevel: "silent",
});
const file = join(root, "dist/fivetran-tester/main.js");
await build.write({ file, format: "esm" });
await build.close();
await import(pathToFileURL(file).href);
