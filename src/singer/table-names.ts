/** Tables of rivulet and of SQLite. */
const reservedPrefixes = ["_rivulet_", "sqlite_"];

/**
 * Assigns a table name to each stream: its own, prefixed with underscores if that is reserved, or
 * differs from another stream's only in case, which SQLite ignores.
 */
export class TableNames {
  readonly #tables = new Map<string, string>();
  readonly #used = new Set<string>();

  /** `assigned`: tables of earlier runs, by stream. */
  constructor(assigned: Iterable<readonly [stream: string, table: string]>) {
    for (const [stream, table] of assigned) this.#assign(stream, table);
  }

  /** The stream's table; the same on every call. */
  tableOf(stream: string): string {
    const assigned = this.#tables.get(stream);
    if (assigned !== undefined) return assigned;
    let table = stream === "" ? "_" : stream;
    while (
      this.#used.has(foldCase(table)) ||
      reservedPrefixes.some((prefix) => foldCase(table).startsWith(prefix))
    )
      table = `_${table}`;
    return this.#assign(stream, table);
  }

  #assign(stream: string, table: string): string {
    this.#tables.set(stream, table);
    this.#used.add(foldCase(table));
    return table;
  }
}

function foldCase(name: string): string {
  return name.toLowerCase();
}
