import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { connect, type FivetranClient, type WireAnswer, type WireTable } from "./client.ts";
import { Warehouse } from "./warehouse.ts";

export interface TesterOptions {
  readonly port: number;
  /** Where `configuration.json`, `state.json` and `warehouse.db` are, as with Fivetran's own tester. */
  readonly folder: string;
  /** Which tables and columns are wanted. Default: all. */
  readonly select?: (table: string, column: string) => boolean;
  /** After how many answers of `Update` the connection is cut off. Default: never. */
  readonly cutAfter?: number;
}

/** What Fivetran's own tester reports at its end. */
export interface Report {
  readonly upserts: number;
  readonly updates: number;
  readonly deletes: number;
  readonly truncates: number;
  readonly checkpoints: number;
  readonly warnings: readonly string[];
  readonly tasks: readonly string[];
}

/** Does what Fivetran's own tester does: form, tests, schema, selection, update with the state of the last time, report. Throws where a step fails. */
export async function runTester({
  port,
  folder,
  select = () => true,
  cutAfter = Infinity,
}: TesterOptions): Promise<Report> {
  using client = connect(port);
  const configuration = await configurationIn(folder);
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

async function configurationIn(folder: string): Promise<Record<string, string>> {
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
  const told: Record<"warning" | "task", string[]> = { warning: [], task: [] };
  warehouse.begin();
  let answers = 0;
  for await (const answer of client.update({ configuration, state_json, selection })) {
    const { record, records, checkpoint, warning, task } = answer as WireAnswer;
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
    if (warning) told.warning.push(warning.message);
    if (task) told.task.push(task.message);
    answers += 1;
    // What came since the last checkpoint stays, and the state does not know it.
    if (answers >= cutAfter) break;
  }
  return {
    ...{ upserts: count.UPSERT, updates: count.UPDATE, deletes: count.DELETE },
    ...{ truncates: count.TRUNCATE, checkpoints: count.checkpoints },
    ...{ warnings: told.warning, tasks: told.task },
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
