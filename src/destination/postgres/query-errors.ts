import type { DatabaseError } from "pg";
import type { Query } from "../../core/query.ts";
import {
  notReadingError,
  queryError,
  severalStatementsError,
  timeoutError,
} from "../sql/query-errors.ts";
import type { Connection } from "./connection.ts";
import { translateError } from "./errors.ts";

interface QueryErrorContext {
  readonly query: Query;
  readonly label: string;
  /** Where in the query, from 0. */
  readonly offset?: number;
  /** Names that exist, if the error says that one does not. */
  readonly names: readonly string[];
}

/** The name in `relation "a" does not exist` and `column t.a does not exist`. */
const unknownName = /^(?:relation|column) (\S+) /;

/** By what the server says that the query is wrong, or the role lacks a right. */
const queryFaults = /^(?:0A|21|22|2500[16]|2F|38|39|3F|42|44|54|P0)/;

/** Translates an error of the server into one for the person who wrote the query. */
export function translateQueryError(error: DatabaseError, context: QueryErrorContext): unknown {
  const { query, label, offset, names } = context;
  const { code = "", message } = error;
  if (code === "57014" && /timeout/.test(message)) return timeoutError(query.timeoutMs, error);
  if (/multiple commands/.test(message)) return severalStatementsError(error);
  if (code === "25006" || code === "25001" || /DECLARE CURSOR/.test(message))
    return notReadingError(query.text, error);
  if (!queryFaults.test(code)) return translateError(label, error);
  const name = unknownName.exec(message)?.[1]?.split(".").at(-1)?.replaceAll('"', "");
  const unknown = name === undefined ? {} : { unknown: { name, names } };
  return queryError(query.text, { message, offset, ...unknown }, error);
}

const relations = `pg_class c join pg_namespace n on n.oid = c.relnamespace
  where nspname = $1 and relkind in ('r', 'v', 'm', 'p', 'f')`;

/** What exists, by the code that says that a table or a column does not. */
const namesQueries: Readonly<Record<string, string>> = {
  "42P01": `select relname from ${relations}`,
  "42703": `select distinct attname from pg_attribute, ${relations}
    and attrelid = c.oid and attnum > 0 and not attisdropped`,
};

/** The names of the schema's tables or columns, if the error says that one does not exist. */
export async function existingNames(
  connection: Connection | undefined,
  { code = "" }: DatabaseError,
  schema: string,
): Promise<readonly string[]> {
  const query = namesQueries[code];
  if (query === undefined || !connection) return [];
  try {
    await connection.query("rollback");
    const { rows } = await connection.queryRows(query, [schema]);
    return rows.map(([name]) => (typeof name === "string" ? name : ""));
  } catch {
    // The error itself matters more.
    return [];
  }
}
