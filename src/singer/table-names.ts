/** The beginnings of names that no table may have: rivulet's own, SQLite's own. */
const reservedPrefixes = ["_rivulet_", "sqlite_"];

/**
 * The name of the table of each stream: its own. One that is kept for tables of other kinds, or that differs from another stream's only in
 * letters being large or small, which SQLite cannot tell apart, gets underscores put before it.
 */
export class TableNames {
  readonly #tables = new Map<string, string>();
  readonly #taken = new Set<string>();

  /** `known`: tables by stream, from earlier runs. */
  constructor(known: Iterable<readonly [stream: string, table: string]>) {
    for (const [stream, table] of known) this.#claim(stream, table);
  }

  tableOf(stream: string): string {
    const known = this.#tables.get(stream);
    if (known !== undefined) return known;
    let table = stream === "" ? "_" : stream;
    while (
      this.#taken.has(foldCase(table)) ||
      reservedPrefixes.some((start) => foldCase(table).startsWith(start))
    )
      table = `_${table}`;
    return this.#claim(stream, table);
  }

  #claim(stream: string, table: string): string {
    this.#tables.set(stream, table);
    this.#taken.add(foldCase(table));
    return table;
  }
}

function foldCase(name: string): string {
  return name.toLowerCase();
}
