import type { Columns, ColumnType } from "../core/schema.ts";
import type { Checkpoint } from "../core/source.ts";
import { deletedColumn, syncedAtColumn } from "../destination/sql/column-names.ts";
import type { SavedStream } from "./saved-stream.ts";

type SavedColumns = Pick<SavedStream, "columns" | "renamed" | "continued">;

/** The name of the column that continues another one, by that one's name and by type. */
type Continuations = Map<string, Map<string, string>>;

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
  /** Columns that continue others whose types in the table cannot hold the values. */
  readonly #continued: Continuations;
  #isChanged = false;

  constructor({ columns, renamed = {}, continued = {} }: SavedColumns) {
    this.#all = new Map(Object.entries(columns));
    this.#renamed = new Map(Object.entries(renamed));
    this.#continued = new Map(
      Object.entries(continued).map(([name, byType]) => [name, new Map(Object.entries(byType))]),
    );
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

  /** What to store between runs. */
  get saved(): Checkpoint {
    const continued = Object.fromEntries(
      [...this.#continued].map(([name, byType]) => [name, Object.fromEntries(byType)]),
    );
    return {
      columns: Object.fromEntries(this.#all),
      ...(this.#renamed.size === 0 ? {} : { renamed: Object.fromEntries(this.#renamed) }),
      ...(this.#continued.size === 0 ? {} : { continued }),
    };
  }

  /** Whether a column of this name stores values, or one that continues it. */
  has(name: string): boolean {
    return this.#all.has(name) || this.#continued.has(name);
  }

  /**
   * The column name of a property: its own, prefixed with underscores if that is reserved. A
   * property keeps its first column name, even if a property of that name appears later: otherwise
   * the column would mix the values of both.
   */
  columnName(property: string, declared: ReadonlySet<string>): string {
    const renamed = this.#renamed.get(property);
    if (renamed !== undefined) return renamed;
    const continued = [...this.#continued.values()].flatMap((byType) => [...byType.values()]);
    const others = [...this.#renamed.values(), ...continued];
    const reserved = new Set([syncedAtColumn, deletedColumn, ...others]);
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
    return this.#all.size < max || this.has(this.#renamed.get(property) ?? property);
  }

  /** The column that stores values of this type, and its type. A key always stays one column. */
  resolveColumn(
    name: string,
    type: ColumnType,
    isKey = false,
  ): { column: string; type: ColumnType } {
    const continued = isKey ? undefined : this.#continued.get(name)?.get(type);
    if (continued !== undefined) return this.resolveColumn(continued, type);
    const current = this.#all.get(name);
    const fitting = current === undefined ? type : commonType(current, type);
    if (fitting !== undefined) return this.#use(name, fitting);
    return isKey ? this.#use(name, current ?? type) : this.resolveColumn(`${name}__${type}`, type);
  }

  /** Adds a column that the target fills itself, under a name that no property has. */
  resolveSystemColumn(name: string, type: ColumnType, declared: ReadonlySet<string>): string {
    const continued = declared.has(name) ? undefined : this.#continued.get(name)?.get(type);
    if (continued !== undefined) return this.resolveSystemColumn(continued, type, declared);
    const current = declared.has(name) ? undefined : this.#all.get(name);
    if (!declared.has(name) && (current === undefined || current === type))
      return this.#use(name, type).column;
    return this.resolveSystemColumn(`_${name}`, type, declared);
  }

  /**
   * Continues a column whose type in the table cannot hold the values in another one, `name__type`,
   * from now on. Returns its name, which no declared property has.
   */
  continueElsewhere(column: string, declared: ReadonlySet<string>): string {
    const type = this.#all.get(column) ?? "string";
    let name = `${column}__${type}`;
    while (declared.has(name) || this.has(name)) name = `${name}__${type}`;
    const byType = this.#continued.get(column) ?? new Map<string, string>();
    this.#continued.set(column, byType.set(type, name));
    this.#all.delete(column);
    this.#used.delete(column);
    return this.#use(name, type).column;
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
