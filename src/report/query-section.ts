import { MissingTableError, type Destination } from "../core/destination.ts";
import type { QuerySection } from "../core/report.ts";
import type { RowsBlock } from "./blocks.ts";
import { toCell, toNumber } from "./cells.ts";

/** Rows that a table shows, and points that a chart has. */
const maxRows = 2000;

/** Runs the query of a section; `undefined` without its table, or without rows. */
export async function readQuerySection(
  destination: Destination,
  { title, note, show, query }: QuerySection,
): Promise<RowsBlock | undefined> {
  const rows = await selectIfExists(destination, query);
  const [first] = rows;
  if (!first) return undefined;
  const columns = Object.keys(first);
  const cells = rows
    .slice(0, maxRows)
    .map((row) =>
      columns.map((column, index) =>
        show === "table" || index === 0 ? toCell(row[column]) : toNumber(row[column]),
      ),
    );
  const cut = rows.length > maxRows ? ` The first ${maxRows} of ${rows.length}.` : "";
  const text = `${note ?? ""}${cut}`.trim();
  return { title, show, sql: query, columns, rows: cells, ...(text === "" ? {} : { note: text }) };
}

/** The rows of a query; none if a table of it does not exist. */
export async function selectIfExists(
  destination: Destination,
  query: string,
  parameters: readonly string[] = [],
): ReturnType<Destination["select"]> {
  return await destination.select(query, parameters).catch((error: unknown) => {
    if (error instanceof MissingTableError) return [];
    throw error;
  });
}
