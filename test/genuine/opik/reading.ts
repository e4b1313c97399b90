import type { Columns } from "../../../src/core/schema.ts";
import { datasetColumns, itemColumns, projectColumns } from "../../../src/sources/opik/tables.ts";
import { parseExact } from "../exact-json.ts";

/** A row or object by the names of its values. */
export type Values = Readonly<Record<string, unknown>>;

/** What was read, by a SDK or by rivulet: the value of each cell, by `table/key/column`. */
export type Cells = ReadonlyMap<string, unknown>;

/** The contents of the items of each dataset in order, newest first, by the dataset's id. */
export type Contents = ReadonlyMap<string, readonly Values[]>;

/** The columns of each table. */
export const tables: Readonly<Record<string, Columns>> = {
  opik_project: projectColumns,
  opik_dataset: datasetColumns,
  opik_dataset_item: itemColumns,
};

/** The part of a cell's key before its column. One item may be in several datasets. */
export function rowKey(table: string, row: Values): string {
  const keys = table === "opik_project" ? ["project_id"] : ["dataset_id", "item_id"];
  return [table, ...keys.map((name) => row[name])].filter(Boolean).join("/");
}

/** Parses JSON with all digits of its integers; for Python 1.0 is not 1. */
export function parseDigits(text: string): unknown {
  return parseExact(text, exactNumber);
}

function exactNumber(token: string): string {
  return /^-?\d+$/.test(token) ? `integer ${BigInt(token)}` : `double ${Number(token)}`;
}

/** The values of an object with its instants as `micros` returns them. */
export function withInstants(values: Values): Values {
  const entries = Object.entries(values).map(([name, value]) => {
    const isInstant = name.endsWith("_at") && typeof value === "string";
    return [name, isInstant ? micros(value) : value] as const;
  });
  return Object.fromEntries(entries);
}

/** Microseconds since 1970 of a time in UTC. Neither databases nor Python keep finer ones. */
export function micros(instant: string): number {
  const [, whole = "", fraction = ""] =
    /^(.{19})(?:\.(\d{1,6}))?/.exec(instant.replace(" ", "T")) ?? [];
  return Date.parse(`${whole}Z`) * 1000 + Number(fraction.padEnd(6, "0"));
}

/**
 * The content of an item without the names that the SDKs use for the item itself: of a `source` in
 * the data they show nothing.
 */
export function withoutOwnNames(content: Values): Values {
  return Object.fromEntries(Object.entries(content).filter(([name]) => !ownNames.has(name)));
}

const ownNames = new Set([
  ...["trace_id", "span_id", "source", "description", "evaluators", "execution_policy"],
  ...["traceId", "spanId", "executionPolicy"],
]);

/** Puts the contents of items, in order, under their datasets. */
export function byDataset(
  items: Iterable<{ readonly dataset: string; readonly content: Values }>,
): Contents {
  const contents = new Map<string, Values[]>();
  for (const { dataset, content } of items) {
    const list = contents.get(dataset) ?? [];
    list.push(withoutOwnNames(content));
    contents.set(dataset, list);
  }
  return contents;
}
