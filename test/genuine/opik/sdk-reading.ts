import { z } from "zod";
import { byDataset, parseDigits, rowKey, tables, withInstants } from "./reading.ts";
import type { Cells, Contents, Values } from "./reading.ts";

const values = z.record(z.string(), z.unknown());
const contentShape = z.object({ dataset: z.string(), content: values });
const lineShape = z.union([
  z.object({ way: z.enum(["page", "stream"]), table: z.string(), values }),
  contentShape,
]);

/** What the SDK for Python reads. */
interface SdkReading {
  readonly cells: Cells;
  /** The cells of the items that streams show. */
  readonly streamed: Cells;
  readonly contents: Contents;
}

/** What the lines contain that `read-workspace.py` prints. */
export function sdkReading(printed: readonly string[]): SdkReading {
  const lines = printed.map((line) => lineShape.parse(parseDigits(line)));
  const cells = (wanted: "page" | "stream"): Cells =>
    new Map(
      lines.flatMap((line) =>
        "way" in line && line.way === wanted ? cellsOf(line.table, line.values) : [],
      ),
    );
  const contents = byDataset(lines.filter((line) => "content" in line));
  return { cells: cells("page"), streamed: cells("stream"), contents };
}

/** The contents in the lines that `read-items.js` prints, where integers are doubles. */
export function npmContents(printed: readonly string[]): Contents {
  return byDataset(printed.map((line) => contentShape.parse(JSON.parse(line))));
}

/** The cells of the row that an object of the service is to become. */
function cellsOf(table: string, object: Values): [string, unknown][] {
  const row = withInstants(object);
  const data = (row["data"] ?? {}) as Values;
  const { version_hash, version_name } = (row["latest_version"] ?? {}) as Values;
  const first = (...names: readonly string[]): unknown =>
    names.map((name) => data[name]).find((value) => value !== undefined && value !== null);
  const named: Values = {
    ...{ opik_project: { project_id: row["id"] }, opik_dataset: { dataset_id: row["id"] } }[table],
    ...(table === "opik_dataset" && { version_hash, version_name }),
    ...(table === "opik_dataset_item" && {
      item_id: row["id"],
      inputs: first("inputs", "input"),
      outputs: first("outputs", "output", "expected_output"),
      metadata: first("metadata"),
    }),
  };
  const all: Values = { ...row, ...named, raw: row };
  return Object.keys(tables[table]!).map((column) => [
    `${rowKey(table, all)}/${column}`,
    all[column] ?? null,
  ]);
}
