import type { SqlRow, TestDatabase } from "../../support/databases.ts";
import { byDataset, micros, parseDigits, rowKey, tables, withInstants } from "./reading.ts";
import type { Cells, Contents, Values } from "./reading.ts";

/** All cells that `opik-sync` wrote into a database, without deleted rows. */
export async function storedCells(database: TestDatabase): Promise<Cells> {
  const cells = new Map<string, unknown>();
  for (const table of Object.keys(tables)) {
    for (const row of await database.query(`SELECT * FROM ${table} WHERE NOT _deleted`)) {
      for (const [column, value] of Object.entries(row)) {
        if (column.startsWith("_")) continue;
        cells.set(`${rowKey(table, row)}/${column}`, cellValue(table, column, value));
      }
    }
  }
  return cells;
}

/** The items that `opik-sync` wrote, as the SDKs show their contents. */
export async function storedContents(
  database: TestDatabase,
  parse: (text: string) => unknown,
): Promise<Contents> {
  const items = await database.query(
    `SELECT dataset_id, item_id, data FROM opik_dataset_item
     WHERE NOT _deleted ORDER BY item_id DESC`,
  );
  return byDataset(
    items.map(({ dataset_id, item_id, data }: SqlRow) => ({
      dataset: String(dataset_id),
      content: { ...(parse(String(data)) as Values), id: item_id },
    })),
  );
}

function cellValue(table: string, column: string, value: unknown): unknown {
  const type = tables[table]![column];
  if (typeof value === "number") return `integer ${value}`;
  if (typeof value !== "string") return value;
  if (type === "timestamp") return micros(value);
  if (type !== "json") return value;
  const parsed = parseDigits(value);
  return column === "raw" ? withInstants(parsed as Values) : parsed;
}
