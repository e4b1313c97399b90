/** Whether a statement reads or writes system tables. */
export function concernsSystemTables(statement: string): boolean {
  return /"_rivulet_(?:state|sync|quarantine)"/.test(statement);
}

/**
 * Texts of the system tables in a database whose encoding lacks most characters. In a text that has
 * others than ASCII, those become escapes like `\u65e5`, and backslashes are doubled.
 */
function toAscii(text: string): string {
  if (!/[^\0-\x7f]|\\u/.test(text)) return text;
  return text.replace(/[^\0-\x7f]|\\/g, (found) =>
    found === "\\" ? "\\\\" : `\\u${found.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Restores the text that `toAscii` was given. */
function fromAscii(text: string): string {
  if (!text.includes("\\u")) return text;
  return text.replace(/\\(?:\\|u([0-9a-f]{4}))/g, (_, code?: string) =>
    code === undefined ? "\\" : String.fromCharCode(parseInt(code, 16)),
  );
}

/** The same for JSON text that becomes `jsonb`, which refuses such escapes: for its members. */
function toAsciiJson(json: string): string {
  const members = Object.entries(JSON.parse(json) as Readonly<Record<string, unknown>>);
  return JSON.stringify(Object.fromEntries(members.map(([name, value]) => [toAscii(name), value])));
}

/** A parameter of such a statement. The only `jsonb` has the counts of a sync. */
export function toAsciiParameter(statement: string, value: unknown): unknown {
  if (typeof value !== "string") return value;
  const isJson = statement.includes('"_rivulet_sync"') && value.startsWith("{");
  return isJson ? toAsciiJson(value) : toAscii(value);
}

/** A row that such a statement returns. */
export function fromAsciiRow(row: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      typeof value === "string" ? fromAscii(value) : value,
    ]),
  );
}
