import type { PreparedTable } from "../sql/dialect.ts";
import type { RowValues } from "../sql/row-values.ts";
import type { Connection } from "./connection.ts";

const maxChunkLength = 65_536;

interface CopyInput {
  readonly table: PreparedTable;
  readonly rows: RowValues;
  /** Text of an additional last column, the same in every row. */
  readonly constantColumn?: string;
}

/** Copies rows into `target`: a table, with or without a list of columns. */
export async function copyInto(
  connection: Connection,
  target: string,
  input: CopyInput,
): Promise<void> {
  await connection.copyFrom(`copy ${target} from stdin`, copyText(input));
}

/** @see https://www.postgresql.org/docs/current/sql-copy.html "Text Format" */
function* copyText({ table: { columns }, rows, constantColumn }: CopyInput): Generator<string> {
  const { width } = rows;
  const end = constantColumn === undefined ? "\n" : `\t${constantColumn}\n`;
  const mayNeedEscape = columns.map(
    ({ type }) => type === "string" || type === "json" || type === "binary",
  );
  let chunk = "";
  for (const piece of rows.pieces) {
    for (let position = 0; position < piece.length; position += 1) {
      const column = position % width;
      const value = piece[position] ?? null;
      const text =
        value === null ? "\\N" : mayNeedEscape[column] ? escape(String(value)) : String(value);
      chunk += text + (column === width - 1 ? end : "\t");
      if (chunk.length < maxChunkLength) continue;
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
