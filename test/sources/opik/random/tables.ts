import type { Columns } from "../../../../src/core/schema.ts";
import {
  datasetColumns,
  itemColumns,
  projectColumns,
} from "../../../../src/sources/opik/tables.ts";
import { opikClient, type Entity } from "../../../emulators/opik/client.ts";
import type { TestDatabase } from "../../../support/databases.ts";
import type { Opik } from "../../../support/opik.ts";
import { datasetKey, itemKey, projectKey } from "./workspace-life.ts";

type Cells = Readonly<Record<string, unknown>>;

/** Rows by their keys: JSON columns are parsed, timestamps are microseconds since 1970. */
type Rows = ReadonlyMap<string, Cells>;

const tables = {
  opik_project: { columns: projectColumns, key: ({ project_id }: Cells) => projectKey(project_id) },
  opik_dataset: { columns: datasetColumns, key: ({ dataset_id }: Cells) => datasetKey(dataset_id) },
  opik_dataset_item: {
    columns: itemColumns,
    key: ({ dataset_id, item_id }: Cells) => itemKey(dataset_id, item_id),
  },
};

/** The rows that a workspace should give, derived independently of the source. */
export async function expectedRows(
  opik: Opik,
  login: Readonly<Record<string, string>>,
): Promise<Rows> {
  const { page } = opikClient(opik, login);
  const projects = await page("/projects?size=1000");
  const datasets = await page("/datasets?size=1000");
  const rows = [...projects.content.map(projectRow), ...datasets.content.map(datasetRow)];
  for (const { id } of datasets.content) {
    const items = await page(`/datasets/${String(id)}/items?size=1000`);
    rows.push(...items.content.map(itemRow));
  }
  return new Map(rows);
}

/** The rows in a database that are not marked as deleted. */
export async function storedRows(database: TestDatabase): Promise<Rows> {
  const rows = new Map<string, Cells>();
  for (const [table, { columns, key }] of Object.entries(tables)) {
    for (const row of await database.query(`SELECT * FROM ${table} WHERE NOT _deleted`)) {
      const json = Object.entries(columns).filter(([, type]) => type === "json");
      const parsed = json.map(([name]) => [name, parse(row[name])] as const);
      rows.set(key(row), cells(columns, { ...row, ...Object.fromEntries(parsed) }));
    }
  }
  return rows;
}

/** Keys of the rows that are marked as deleted. */
export async function deletedRows(database: TestDatabase): Promise<ReadonlySet<string>> {
  const deleted = new Set<string>();
  for (const [table, { key }] of Object.entries(tables)) {
    for (const row of await database.query(`SELECT * FROM ${table} WHERE _deleted`))
      deleted.add(key(row));
  }
  return deleted;
}

function projectRow(raw: Entity): [string, Cells] {
  return [projectKey(raw["id"]), cells(projectColumns, { ...raw, raw, project_id: raw["id"] })];
}

function datasetRow(raw: Entity): [string, Cells] {
  const { version_hash, version_name } = (raw["latest_version"] ?? {}) as Cells;
  const own = { raw, dataset_id: raw["id"], version_hash, version_name };
  return [datasetKey(raw["id"]), cells(datasetColumns, { ...raw, ...own })];
}

function itemRow(raw: Entity): [string, Cells] {
  const { dataset_id, dataset_item_id: item_id } = raw;
  const { input: inputs, expected_output: outputs, metadata } = raw["data"] as Cells;
  const own = { raw, item_id, inputs, outputs, metadata };
  return [itemKey(dataset_id, item_id), cells(itemColumns, { ...raw, ...own })];
}

function cells(columns: Columns, values: Cells): Cells {
  const cell = ([name, type]: [string, string]): [string, unknown] => {
    const value = values[name] ?? null;
    return [name, type === "timestamp" && typeof value === "string" ? micros(value) : value];
  };
  return Object.fromEntries(Object.entries(columns).map(cell));
}

function parse(value: unknown): unknown {
  return typeof value === "string" ? JSON.parse(value) : null;
}

function micros(instant: string): number {
  const [, second = "", fraction = ""] =
    /^(.{19})(?:\.(\d+))?(?:Z|\+00)?$/.exec(instant.replace(" ", "T")) ?? [];
  return Date.parse(`${second}Z`) * 1000 + Number(fraction.slice(0, 6).padEnd(6, "0"));
}
