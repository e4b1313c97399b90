import type { Columns, ColumnType } from "../core/schema.ts";
import { deletedColumn, syncedAtColumn } from "../destination/sql/column-names.ts";

/**
 * The columns of a stream's table, as successive schemas need them. A column keeps its first type,
 * because it has rows: values of a type that does not fit go to a separate column, `name__type`.
 * Only integer columns are widened, to double. A decimal column holds every number.
 */
export class StreamColumns {
  /** Every column that the table has had. */
  readonly #all: Map<string, ColumnType>;
  /** The columns needed in this run: one that is no longer sent is not overwritten. */
  readonly #used = new Map<string, ColumnType>();
  /** Columns that could not be named after their property, by property. */
  readonly #renamed: Map<string, string>;
  #isChanged = false;

  constructor(all: Columns, renamed: Readonly<Record<string, string>> = {}) {
    this.#all = new Map(Object.entries(all));
    this.#renamed = new Map(Object.entries(renamed));
  }

  /** Whether columns were added or widened since the last call. */
  consumeChange(): boolean {
    const isChanged = this.#isChanged;
    this.#isChanged = false;
    return isChanged;
  }

  /** The columns needed in this run. */
  get used(): Columns {
    return Object.fromEntries(this.#used);
  }

  /** Every column that the table has had. */
  get all(): Columns {
    return Object.fromEntries(this.#all);
  }

  /** Columns that could not be named after their property, by property. */
  get renamed(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.#renamed);
  }

  /**
   * The column name of a property: its own, prefixed with underscores if that is reserved. A
   * property keeps its first column name, even if a property of that name appears later: otherwise
   * the column would mix the values of both.
   */
  columnName(property: string, declared: ReadonlySet<string>): string {
    const renamed = this.#renamed.get(property);
    if (renamed !== undefined) return renamed;
    const reserved = new Set([syncedAtColumn, deletedColumn, ...this.#renamed.values()]);
    let column = property;
    while (
      reserved.has(column) ||
      (column !== property && (declared.has(column) || this.#all.has(column)))
    )
      column = `_${column}`;
    if (column !== property) this.#renamed.set(property, column);
    return column;
  }

  /** Whether the table has a column for this property, or fewer than `max` columns. */
  hasRoom(property: string, max: number): boolean {
    return this.#all.size < max || this.#all.has(this.#renamed.get(property) ?? property);
  }

  /** The column that stores values of this type, and its type. A key always stays one column. */
  resolveColumn(
    name: string,
    type: ColumnType,
    isKey = false,
  ): { column: string; type: ColumnType } {
    const current = this.#all.get(name);
    const fitting = current === undefined ? type : commonType(current, type);
    if (fitting !== undefined) return this.#use(name, fitting);
    return isKey ? this.#use(name, current ?? type) : this.resolveColumn(`${name}__${type}`, type);
  }

  /** Adds a column that the target fills itself, under a name that no property has. */
  resolveSystemColumn(name: string, type: ColumnType, declared: ReadonlySet<string>): string {
    const current = declared.has(name) ? undefined : this.#all.get(name);
    if (!declared.has(name) && (current === undefined || current === type))
      return this.#use(name, type).column;
    return this.resolveSystemColumn(`_${name}`, type, declared);
  }

  #use(column: string, type: ColumnType): { column: string; type: ColumnType } {
    this.#isChanged ||= this.#used.get(column) !== type;
    this.#all.set(column, type);
    this.#used.set(column, type);
    return { column, type };
  }
}

/** The type that stores both types; undefined if a separate column is needed. */
function commonType(current: ColumnType, wanted: ColumnType): ColumnType | undefined {
  if (current === wanted || acceptsAnyValue.has(current)) return current;
  if (current === "integer" && wanted === "double") return "double";
  if (current === "double" && wanted === "integer") return "double";
  const isNumber = wanted === "integer" || wanted === "double";
  return current === "decimal" && isNumber ? "decimal" : undefined;
}

/** Column types that store any JSON value, verbatim or as text. */
const acceptsAnyValue: ReadonlySet<ColumnType> = new Set(["string", "json"]);
