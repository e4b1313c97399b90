import { postgresNaming } from "../../destination/postgres/naming.ts";
import { escapeUnstorable } from "../../destination/sql/text-escaping.ts";
import { quoteIdentifier } from "../../destination/sqlite/quote-identifier.ts";

/**
 * The shell command that shows some rows of a stream's table; undefined if there is none that can
 * be copied from a terminal. Any name of a stream is only ever a name to the shell and to SQL.
 */
export function previewCommand(label: string, stream: string): string | undefined {
  const command = label.startsWith("sqlite:")
    ? sqliteCommand(label.slice("sqlite:".length), stream)
    : postgresCommand(label, stream);
  return command === undefined || /\p{Cc}|\p{Cf}|\p{Zl}|\p{Zp}/u.test(command)
    ? undefined
    : command;
}

function sqliteCommand(path: string, stream: string): string {
  const table = quoteIdentifier(escapeUnstorable(stream));
  // A path that begins with a dash would be an option.
  const file = path.startsWith("-") ? `./${path}` : path;
  return `sqlite3 -box ${shellWord(file)} ${quoted(`SELECT * FROM ${table} LIMIT 5`)}`;
}

/** Parameters of the URL that `psql` needs, too, to reach the same server. */
const connectionParameters = /^(?:host|hostaddr|port|user|dbname|service|ssl\w+)$/;

function postgresCommand(label: string, stream: string): string | undefined {
  // An external target has a title instead of a URL, and cannot be queried.
  if (!/^postgres(?:ql)?:/.test(label)) return undefined;
  // Of several hosts, or of none, Node cannot parse the URL.
  const [place = "", query = ""] = label.split("?");
  const parameters = new URLSearchParams(query.replaceAll("+", "%2B"));
  const schema = parameters.get("schema");
  for (const name of [...parameters.keys()])
    if (!connectionParameters.test(name)) parameters.delete(name);
  const url =
    parameters.size === 0 ? place : `${place}?${parameters.toString()}`.replaceAll("+", "%20");
  const table = quoteIdentifier(postgresNaming.toDatabaseName(escapeUnstorable(stream)));
  const name = schema === null ? table : `${quoteIdentifier(schema)}.${table}`;
  return `psql ${shellWord(url)} -c ${quoted(`SELECT * FROM ${name} LIMIT 5`)}`;
}

/** Quotes a word for the shell if necessary. */
function shellWord(text: string): string {
  return /^[\w./:@%+-]+$/.test(text) ? text : quoted(text);
}

/** Within single quotes, the shell replaces nothing. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
