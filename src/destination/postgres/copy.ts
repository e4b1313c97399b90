import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Client } from "pg";
import { from as copyFrom } from "pg-copy-streams";
import type { EncodedRows, PreparedTable } from "../dialect.ts";

const chunkLength = 65_536;

/** Fills a table by COPY, as fast as the server takes it. */
export async function copyInto(
  client: Client,
  target: string,
  { table, rows }: { table: PreparedTable; rows: EncodedRows },
): Promise<void> {
  const stream = client.query(copyFrom(`copy ${target} from stdin`));
  await pipeline(Readable.from(copyText(table, rows)), stream);
}

/** @see https://www.postgresql.org/docs/current/sql-copy.html "Text Format" */
function* copyText({ columns }: PreparedTable, { values }: EncodedRows): Generator<string> {
  const width = columns.length;
  const free = columns.map(({ type }) => type === "string" || type === "json" || type === "binary");
  let chunk = "";
  for (let at = 0; at < values.length; at += 1) {
    const column = at % width;
    const value = values[at];
    const text = value === null ? "\\N" : free[column] ? escape(String(value)) : String(value);
    chunk += text + (column === width - 1 ? "\n" : "\t");
    if (chunk.length < chunkLength) continue;
    yield chunk;
    chunk = "";
  }
  if (chunk !== "") yield chunk;
}

const special = /[\\\n\r\t]/;
const letters: Readonly<Record<string, string>> = {
  "\\": "\\\\",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
};

function escape(text: string): string {
  if (!special.test(text)) return text;
  return text.replace(/[\\\n\r\t]/g, (character) => letters[character] ?? character);
}
