import type { Kysely, RawBuilder } from "kysely";
import type { ColumnType, Value } from "../../core/schema.ts";
import type { SystemTables } from "./system-tables.ts";
import type { RowValues } from "./row-values.ts";
import type { SqlValue } from "./sql-value.ts";

/** What a kind of database does in its own way. One connection, on which one transaction runs at a time. */
export interface Dialect extends AsyncDisposable {
  /** The URL without its password. */
  readonly label: string;
  readonly mapping: TypeMapping;
  readonly naming: NamingRules;
  /** Runs `work` in a transaction that writes nothing. */
  read<T>(work: (tx: Transaction) => Promise<T>): Promise<T>;
  /**
   * Runs `work` in a transaction that no other one of the same `scope`, in any process, overlaps; again where the database asks for it,
   * so `work` must change nothing but the database. Throws the errors of `core/errors.ts`, or a DataError.
   */
  write<T>(scope: string, work: (tx: Transaction) => Promise<T>): Promise<T>;
  /** Runs `work` in a transaction that might be committed and is undone: nothing of it stays, not even a file. */
  withRollback(work: (tx: Transaction) => Promise<void>): Promise<void>;
}

/** What can be done inside a transaction. */
export interface Transaction {
  /** For rivulet's own tables, and to execute fragments on. */
  readonly db: Kysely<SystemTables>;
  /** Whether a statement may be sent before the one before it was answered. */
  readonly isPipelined: boolean;
  /** The schema of all tables; undefined where the database has none. */
  readonly schema: string | undefined;
  /** The database's clock, so that leases of several hosts can be compared. */
  nowMs(): Promise<number>;
  /** A table's name, qualified. */
  table(name: string): RawBuilder<unknown>;
  /** Table or view of this name; undefined where there is none, or no database yet. */
  findTable(name: string): Promise<ExistingTable | undefined>;
  /** Makes an integer column a double, or says why not and does nothing. */
  widen(table: string, column: string): Promise<string | undefined>;
  /** Inserts rows, or updates those that differ; the last of one key counts. */
  upsert(table: PreparedTable, rows: RowValues, syncedAt: string): Promise<UpsertCounts>;
  /** Something to select keys from, with a column `k0`, `k1`… for each of these columns. */
  keyRelation(
    columns: readonly PreparedColumn[],
    keys: readonly SqlValue[][],
  ): Promise<RawBuilder<unknown>>;
  /** Runs `work` so that its failure, which is thrown, undoes it and nothing else. */
  savepoint<T>(work: () => Promise<T>): Promise<T>;
}

/** How values of each type look in SQL. */
export interface TypeMapping {
  readonly types: Readonly<Record<ColumnType, string>>;
  /** What the type of a key column needs besides, to be ordered by bytes. */
  readonly keyCollation: string;
  /** From the canonical form (`core/value.ts`) to the driver's. */
  readonly encode: Readonly<Record<ColumnType, (value: PresentValue) => SqlValue>>;
  readonly decode: Readonly<Record<ColumnType, (value: SqlValue) => Value>>;
}

/** A value that is there. */
export type PresentValue = Exclude<Value, null | undefined>;

/** What names the database can hold. */
export interface NamingRules {
  /** The name that a table or column of this name gets. */
  readonly toDatabaseName: (name: string) => string;
  /** Equal for names that the database cannot tell apart. */
  readonly foldCase: (name: string) => string;
  /** Folded names of columns that the database keeps for itself. */
  readonly reserved: ReadonlySet<string>;
}

/** What stands in the database under a name. */
export interface ExistingTable {
  /** `table`, or what else it is. */
  readonly kind: string;
  /** Types by column, in the dialect's words. */
  readonly columns: ReadonlyMap<string, string>;
  readonly primaryKey: readonly string[];
  /** Columns that need a value in each row, and give none to a row that comes without. */
  readonly required: readonly string[];
}

export interface PreparedColumn {
  /** The name in the source's rows. */
  readonly source: string;
  /** The name in the database. */
  readonly name: string;
  /** The type in the database: `double` where an integer column was widened. */
  readonly type: ColumnType;
}

/** A stream's table as it stands in the database. */
export interface PreparedTable {
  readonly stream: string;
  readonly name: string;
  readonly columns: readonly PreparedColumn[];
  /** The places of the primary key's columns in `columns`. */
  readonly keyIndexes: readonly number[];
  /** The places of columns that do not by themselves make a row changed. */
  readonly stampedIndexes: readonly number[];
  /** Whether there were rows when the session began. */
  readonly hadRows: boolean;
}

export interface UpsertCounts {
  readonly inserted: number;
  readonly updated: number;
}

/** The database refused a row for what is in it. */
export class DataError extends Error {
  override readonly name = "DataError";
}
