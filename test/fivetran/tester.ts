import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { connect, type FivetranClient, type WireResponse, type WireTable } from "./client.ts";
import { Warehouse } from "./warehouse.ts";

/** What the tester syncs, and where. */
export interface TesterOptions {
  readonly port: number;
  /** Has `configuration.json`, `state.json` and `warehouse.db`, as for Fivetran's own tester. */
  readonly folder: string;
  /** Which tables and columns to select. Default: all. */
  readonly select?: (table: string, column: string) => boolean;
  /** Closes the connection after this many responses of `Update`. Default: never. */
  readonly cutAfter?: number;
}

/** The counts that Fivetran's own tester reports at the end. */
export interface Report {
  readonly upserts: number;
  readonly updates: number;
  readonly deletes: number;
  readonly truncates: number;
  readonly checkpoints: number;
  readonly warnings: readonly string[];
  readonly tasks: readonly string[];
}

/**
 * Works like Fivetran's own tester: form, tests, schema, selection, update from the last state,
 * report. Throws if a step fails.
 */
export async function runTester({
  port,
  folder,
  select = () => true,
  cutAfter = Infinity,
}: TesterOptions): Promise<Report> {
  using client = connect(port);
  const configuration = await readConfiguration(folder);
  const form = await client.form();
  const required = form.fields.filter((field) => field["required"] === true);
  for (const { name } of required)
    if (!(name in configuration)) throw new Error(`configuration: ${name} is required`);
  for (const { name } of form.tests) {
    const { failure } = await client.test(name, configuration);
    if (failure !== undefined && failure !== "") throw new Error(`test ${name}: ${failure}`);
  }
  const { tables } = (await client.schema(configuration)).without_schema;
  using warehouse = new Warehouse(join(folder, "warehouse.db"));
  warehouse.create(tables);
  return await update({
    client,
    configuration,
    folder,
    warehouse,
    selection: selectionOf(tables, select),
    cutAfter,
  });
}

async function readConfiguration(folder: string): Promise<Record<string, string>> {
  const file = join(folder, "configuration.json");
  if (!existsSync(file))
    throw new Error(
      `${file} is missing: an object with the keys of the source, all values as text`,
    );
  return JSON.parse(await readFile(file, "utf8")) as Record<string, string>;
}

interface Update {
  readonly client: FivetranClient;
  readonly configuration: Readonly<Record<string, string>>;
  readonly folder: string;
  readonly warehouse: Warehouse;
  readonly selection: unknown;
  readonly cutAfter: number;
}

async function update({
  client,
  configuration,
  folder,
  warehouse,
  selection,
  cutAfter,
}: Update): Promise<Report> {
  const stateFile = join(folder, "state.json");
  const state_json = existsSync(stateFile) ? await readFile(stateFile, "utf8") : "{}";
  const count = { UPSERT: 0, UPDATE: 0, DELETE: 0, TRUNCATE: 0, checkpoints: 0 };
  const messages: Record<"warning" | "task", string[]> = { warning: [], task: [] };
  warehouse.begin();
  let responses = 0;
  for await (const response of client.update({ configuration, state_json, selection })) {
    const { record, records, checkpoint, warning, task } = response as WireResponse;
    for (const each of record ? [record] : (records?.records ?? [])) {
      count[each.type] += 1;
      warehouse.apply(each);
    }
    if (checkpoint) {
      count.checkpoints += 1;
      warehouse.commit();
      await writeFile(stateFile, checkpoint.state_json);
      warehouse.begin();
    }
    if (warning) messages.warning.push(warning.message);
    if (task) messages.task.push(task.message);
    responses += 1;
    // Rows since the last checkpoint stay, although the state does not include them.
    if (responses >= cutAfter) break;
  }
  return {
    ...{ upserts: count.UPSERT, updates: count.UPDATE, deletes: count.DELETE },
    ...{ truncates: count.TRUNCATE, checkpoints: count.checkpoints },
    ...{ warnings: messages.warning, tasks: messages.task },
  };
}

function selectionOf(tables: readonly WireTable[], select: NonNullable<TesterOptions["select"]>) {
  const chosen = tables.map(({ name, columns }) => ({
    table_name: name,
    included: columns.some((column) => select(name, column.name)),
    columns: Object.fromEntries(columns.map((column) => [column.name, select(name, column.name)])),
    include_new_columns: true,
  }));
  return { without_schema: { tables: chosen, include_new_tables: true } };
}
