import type { Columns, ColumnType } from "../core/schema.ts";
import { deletedColumn, syncedAtColumn } from "../destination/sql/column-names.ts";

/**
 * The columns of a stream's table, as schemas that follow one another need them. A column keeps the type that it had first, because rows are in it:
 * where a later type does not fit into it, its values get a column of their own, `name__type`. Only integers become doubles.
 */
export class StreamColumns {
  /** Every column that the table is known to have. */
  readonly #known: Map<string, ColumnType>;
  /** Those that were needed in this run: what is no longer sent is not written over. */
  readonly #used = new Map<string, ColumnType>();
  /** The columns of properties that could not have their own name. */
  readonly #renamed: Map<string, string>;
  #isChanged = false;

  constructor(all: Columns, renamed: Readonly<Record<string, string>> = {}) {
    this.#known = new Map(Object.entries(all));
    this.#renamed = new Map(Object.entries(renamed));
  }

  /** Whether there are others than when this was asked last. */
  consumeChange(): boolean {
    const isChanged = this.#isChanged;
    this.#isChanged = false;
    return isChanged;
  }

  get used(): Columns {
    return Object.fromEntries(this.#used);
  }

  get known(): Columns {
    return Object.fromEntries(this.#known);
  }

  /** The columns of properties that could not have their own name, by property. */
  get renamed(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.#renamed);
  }

  /**
   * The column of a property: its own name. One that is ours gets underscores put before it, and keeps the column that it had first, also when a
   * property of that very name comes later: the table alone could not tell whose values the column holds.
   */
  columnName(property: string, declared: ReadonlySet<string>): string {
    const known = this.#renamed.get(property);
    if (known !== undefined) return known;
    const taken = new Set([syncedAtColumn, deletedColumn, ...this.#renamed.values()]);
    let column = property;
    while (
      taken.has(column) ||
      (column !== property && (declared.has(column) || this.#known.has(column)))
    )
      column = `_${column}`;
    if (column !== property) this.#renamed.set(property, column);
    return column;
  }

  /** The column for values of this type, and the type that it has. A column of the key keeps its type, whatever comes. */
  resolveColumn(
    name: string,
    type: ColumnType,
    isKey = false,
  ): { column: string; type: ColumnType } {
    const stands = this.#known.get(name);
    const fitting = stands === undefined ? type : commonType(stands, type);
    if (fitting !== undefined) return this.#take(name, fitting);
    return isKey ? this.#take(name, stands ?? type) : this.resolveColumn(`${name}__${type}`, type);
  }

  /** A name that no column has, or one of ours from before. */
  resolveSystemColumn(name: string, type: ColumnType, declared: ReadonlySet<string>): string {
    const free = declared.has(name) ? undefined : this.#known.get(name);
    if (!declared.has(name) && (free === undefined || free === type))
      return this.#take(name, type).column;
    return this.resolveSystemColumn(`_${name}`, type, declared);
  }

  #take(column: string, type: ColumnType): { column: string; type: ColumnType } {
    this.#isChanged ||= this.#used.get(column) !== type;
    this.#known.set(column, type);
    this.#used.set(column, type);
    return { column, type };
  }
}

/** The type of a column that has one and is to hold values of another; undefined where it cannot. */
function commonType(stands: ColumnType, wanted: ColumnType): ColumnType | undefined {
  if (stands === wanted || acceptsAnyValue.has(stands)) return stands;
  if (stands === "integer" && wanted === "double") return "double";
  if (stands === "double" && wanted === "integer") return "double";
  return stands === "decimal" && wanted === "integer" ? "decimal" : undefined;
}

/** What holds any value of JSON: as it is spelled, or as text. */
const acceptsAnyValue: ReadonlySet<ColumnType> = new Set(["string", "json"]);
