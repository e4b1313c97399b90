import { parseArgs } from "node:util";
import { runTester } from "./tester.ts";

/** Fivetran's own tester in small: `npm run fivetran-tester -- --port 50051 --working-dir ./folder`, with a `configuration.json` in the folder. */
const { values } = parseArgs({
  options: {
    port: { type: "string", default: "50051" },
    "working-dir": { type: "string", default: "." },
  },
});
try {
  const report = await runTester({ port: Number(values.port), folder: values["working-dir"] });
  const { warnings, tasks, ...counts } = report;
  console.table(counts);
  for (const warning of warnings) console.log(`warning: ${warning}`);
  for (const task of tasks) console.log(`task: ${task}`);
  console.log(tasks.length === 0 ? "Sync SUCCEEDED" : "Sync needs somebody");
  process.exitCode = tasks.length === 0 ? 0 : 2;
} catch (error) {
  console.error(`Sync FAILED: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
