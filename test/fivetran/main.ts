import { parseArgs } from "node:util";
import { runTester } from "./tester.ts";

const usage = `A small version of Fivetran's tester: requests a connector's form, tests, schema and an update.

npm run fivetran-tester -- --port 50051 --working-dir ./folder

--port         where the connector listens (default: 50051)
--working-dir  folder with configuration.json; state.json and warehouse.db are written there (default: .)`;

try {
  const { values } = parseArgs({
    options: {
      port: { type: "string", default: "50051" },
      "working-dir": { type: "string", default: "." },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) console.log(usage);
  else await test({ port: Number(values.port), folder: values["working-dir"] });
} catch (error) {
  console.error(`Sync FAILED: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}

async function test(options: { readonly port: number; readonly folder: string }): Promise<void> {
  const { warnings, tasks, ...counts } = await runTester(options);
  console.table(counts);
  for (const warning of warnings) console.log(`warning: ${warning}`);
  for (const task of tasks) console.log(`task: ${task}`);
  console.log(tasks.length === 0 ? "Sync SUCCEEDED" : "Sync needs attention");
  process.exitCode = tasks.length === 0 ? 0 : 2;
}
