import { rm } from "node:fs/promises";
import type { SourceContext } from "../core/source.ts";
import { newTransfer } from "../core/transfer.ts";
import { demoWorkspace } from "../demo/opik-demo-workspace.ts";
import { listen, opikService } from "../demo/opik-service.ts";
import type { Destination } from "../destination/destination.ts";
import { openDestination } from "../destination/open.ts";
import { exitStatusFor } from "../exit-status.ts";
import type { Shell } from "../run-command.ts";
import { loadSource } from "../sources/registry.ts";
import { tableText } from "../terminal/table.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { copy } from "./copy.ts";

const file = "demo.db";

/** The main job, for real: a stand-in service on loopback, copied over HTTP into a database, changed, and copied again. */
export async function demoCommand(shell: Shell): Promise<number> {
  const { terminal } = shell;
  const { color } = terminal;
  for (const suffix of ["", "-wal", "-shm"]) await rm(file + suffix, { force: true });
  const workspace = demoWorkspace();
  await using service = await listen(opikService(workspace));
  terminal.print(
    `${color.bold("A stand-in for Comet Opik")} runs at ${service.url}, for as long as this demo does.\n`,
  );

  terminal.print(color.bold("First sync: everything"));
  const status = await syncOnce(shell, service.url);

  const [dataset] = workspace.datasets;
  if (dataset) {
    const [first = ""] = dataset.addItems([
      { data: { input: "Is it raining?", expected_output: "Look outside." } },
    ]);
    dataset.updateItem(first, { tags: ["new"] });
  }
  terminal.print(
    `\n${color.bold("Second sync: one item was added meanwhile; only its dataset is read")}`,
  );
  await syncOnce(shell, service.url);

  await using destination = await openDestination(`sqlite:./${file}`, { log: terminal.log });
  for (const { title, query } of queries) await show(title, query, { destination, terminal });
  terminal.print(
    `\nNow with your own workspace: ${color.bold("npx opik-sync init")}, then ${color.bold("npx opik-sync")}`,
  );
  return exitStatusFor(status);
}

async function syncOnce({ terminal, signal }: Shell, url: string) {
  const source = await loadSource("opik");
  const config = source.config.parse({ base_url: url });
  const context: SourceContext = { log: terminal.log, transfer: newTransfer(), signal };
  const streams = source.streams(config, context);
  const pipeline = { name: "opik", identity: "demo" };
  const summary = await copy(
    { config, context, streams, pipeline, destination: `sqlite:./${file}` },
    { terminal, signal, fullRefresh: false, quiet: false },
  );
  return summary.status;
}

const queries = [
  {
    title: "How many items has each dataset?",
    query: `SELECT d.name, d.version_name AS version, count(*) AS items
            FROM opik_dataset d JOIN opik_dataset_item i USING (dataset_id)
            WHERE NOT i._deleted GROUP BY d.name, d.version_name ORDER BY items DESC LIMIT 5`,
  },
  {
    title: "What is in an item?",
    query: `SELECT substr(inputs, 1, 30) AS inputs, substr(outputs, 1, 24) AS outputs, substr(created_at, 1, 10) AS created
            FROM opik_dataset_item WHERE outputs IS NOT NULL ORDER BY created_at DESC LIMIT 3`,
  },
  {
    title: "What did the syncs do?",
    query: `SELECT substr(started_at, 1, 19) AS started, status, requests FROM _rivulet_sync ORDER BY started_at`,
  },
] as const;

async function show(
  title: string,
  query: string,
  { destination, terminal }: { readonly destination: Destination; readonly terminal: Terminal },
): Promise<void> {
  const found = await destination.select(query);
  const columns = Object.keys(found[0] ?? {});
  const rows = found.map((row) => columns.map((column) => cellText(row[column] ?? "")));
  terminal.print(`\n${terminal.color.bold(title)}`);
  terminal.print(tableText({ columns, rows }, terminal));
}

function cellText(value: unknown): string {
  if (typeof value === "string") return value;
  return typeof value === "bigint" ? value.toString() : JSON.stringify(value);
}
