import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Client } from "pg";
import { from as copyFrom } from "pg-copy-streams";
import type { PreparedTable } from "../sql/dialect.ts";
import type { RowValues } from "../sql/row-values.ts";

const chunkLength = 65_536;

interface CopyInput {
  readonly table: PreparedTable;
  readonly rows: RowValues;
  /** The text of one more column, the same in each row. */
  readonly constantColumn?: string;
}

/** Fills a table, or the columns of one, by COPY, as fast as the server takes it. */
export async function copyInto(client: Client, target: string, copied: CopyInput): Promise<void> {
  const stream = client.query(copyFrom(`copy ${target} from stdin`));
  await pipeline(Readable.from(copyText(copied)), stream);
}

/** @see https://www.postgresql.org/docs/current/sql-copy.html "Text Format" */
function* copyText({ table: { columns }, rows, constantColumn }: CopyInput): Generator<string> {
  const { width } = rows;
  const end = constantColumn === undefined ? "\n" : `\t${constantColumn}\n`;
  const free = columns.map(({ type }) => type === "string" || type === "json" || type === "binary");
  let chunk = "";
  for (const piece of rows.pieces) {
    for (let at = 0; at < piece.length; at += 1) {
      const column = at % width;
      const value = piece[at] ?? null;
      const text = value === null ? "\\N" : free[column] ? escape(String(value)) : String(value);
      chunk += text + (column === width - 1 ? end : "\t");
      if (chunk.length < chunkLength) continue;
      yield chunk;
      chunk = "";
    }
  }
  if (chunk !== "") yield chunk;
}

const special = /[\\\n\r\t]/;
const escapes: Readonly<Record<string, string>> = {
  "\\": "\\\\",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
};

function escape(text: string): string {
  if (!special.test(text)) return text;
  return text.replace(/[\\\n\r\t]/g, (character) => escapes[character] ?? character);
}
