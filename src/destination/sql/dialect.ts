import type { Kysely, RawBuilder } from "kysely";
import { TransientError } from "../../core/errors.ts";
import type { CanonicalValue, ColumnType, Value } from "../../core/schema.ts";
import type { ColumnStorage } from "./column-storage.ts";
import type { RowValues } from "./row-values.ts";
import type { SqlValue } from "./sql-value.ts";
import type { SystemTables } from "./system-tables.ts";

/**
 * What differs between kinds of databases. A dialect has one connection, which runs one transaction
 * at a time; further calls queue.
 */
export interface Dialect extends AsyncDisposable {
  /** The URL without its password, for messages. */
  readonly label: string;
  readonly mapping: TypeMapping;
  readonly naming: NamingRules;
  /** Whether a write transaction excludes all others, whatever their scope. */
  readonly hasOneWriter: boolean;
  /**
   * By what the server knows our transactions, with which it may go on after this process is lost.
   * Undefined if there is no server.
   */
  readonly tag: string | undefined;
  /**
   * Ends the transactions of a tag; with `onlyWaiting`, those only that wait for their process.
   * Returns whether none is left.
   */
  endTransactions(tag: string, options: { readonly onlyWaiting: boolean }): Promise<boolean>;
  /** How many columns a table can have. */
  readonly maxColumns: number;
  /** Runs `work` in a transaction that writes nothing. */
  read<T>(work: (tx: Transaction) => Promise<T>): Promise<T>;
  /**
   * Runs `work` in a transaction that excludes all others of the same `scope`, in any process. May
   * run `work` more than once (serialization failure, lost connection), even after it was committed
   * if the reply was lost. So it must have no effect outside the database, and none if it finds
   * that it was committed. Throws the errors of `core/errors.ts`, or a DataError.
   */
  write<T>(scope: string, work: (tx: Transaction) => Promise<T>): Promise<T>;
  /** Runs `work` in a write transaction and rolls it back. Leaves nothing, not even a new file. */
  withRollback(work: (tx: Transaction) => Promise<void>): Promise<void>;
}

/** The operations available inside a transaction. */
export interface Transaction {
  /** For the system tables, and to execute SQL fragments. */
  readonly db: Kysely<SystemTables>;
  /** Whether a statement may be sent before the previous one has been answered. */
  readonly isPipelined: boolean;
  /** The schema of all tables; undefined if the database has no schemas. */
  readonly schema: string | undefined;
  /**
   * SQL that is true if this transaction has written. Undefined if what was committed cannot
   * disappear while the database is in use.
   */
  readonly hasWritten: RawBuilder<boolean> | undefined;
  /** Excludes all transactions that do the same, until the end, and sees what they have written. */
  lockSchema(): Promise<void>;
  /** The database's clock, so that leases of several hosts can be compared. */
  nowMs(): Promise<number>;
  /** A table's qualified and quoted name. */
  table(name: string): RawBuilder<unknown>;
  /** The table or view of this name; undefined if there is none, or no database yet. */
  findTable(name: string): Promise<ExistingTable | undefined>;
  /** Changes an integer column to double. If that is impossible, returns the reason instead. */
  widen(table: string, column: string): Promise<string | undefined>;
  /** Inserts rows and updates those that differ. Their keys are distinct. */
  upsert(table: PreparedTable, rows: RowValues, syncedAt: string): Promise<UpsertCounts>;
  /** A relation to select the keys from. Its columns are `k0`, `k1`… in the order of `columns`. */
  keyRelation(
    columns: readonly PreparedColumn[],
    keys: readonly SqlValue[][],
  ): Promise<RawBuilder<unknown>>;
  /**
   * A relation to select rows from, which writes nothing. Its columns are `n`, the index of the
   * row, and `c0`, `c1`… in the order of `columns`. At most 16,000 values.
   */
  rowRelation(columns: readonly PreparedColumn[], rows: RowValues): RawBuilder<unknown>;
  /** Checks deferred constraints with each statement until the end, if the database can. */
  checkConstraintsAtOnce(): Promise<void>;
  /** Runs `work`; if it throws, undoes only `work` and rethrows. */
  savepoint<T>(work: () => Promise<T>): Promise<T>;
}

/** How values of each column type are represented in a database. */
export interface TypeMapping {
  readonly types: Readonly<Record<ColumnType, string>>;
  /** Appended to the type of text columns in a key, so that they sort by bytes. */
  readonly keyCollation: string;
  /** From the canonical form (`core/value.ts`) to the driver's. */
  readonly encode: Readonly<Record<ColumnType, (value: CanonicalValue) => SqlValue>>;
  readonly decode: Readonly<Record<ColumnType, (value: SqlValue) => Value>>;
  /**
   * How a column of another SQL type, as in `ExistingTable`, stores values of a type; undefined if
   * it cannot.
   */
  readonly storage: (type: ColumnType, existing: string) => ColumnStorage | undefined;
}

/** Which names the database accepts, and which it cannot tell apart. */
export interface NamingRules {
  /** The name under which the database stores a table or column of this name. */
  readonly toDatabaseName: (name: string) => string;
  /** Equal for names that the database treats as the same. */
  readonly foldCase: (name: string) => string;
  /** Folded names of the database's own columns. */
  readonly reserved: ReadonlySet<string>;
}

/** An existing table or view, from the catalog. */
export interface ExistingTable {
  /** `a table`, `a view` or another thing that has this name. */
  readonly kind: string;
  /** Why rivulet cannot write to it, and what to do; undefined if it can. */
  readonly obstacle?: string | undefined;
  /** SQL types by column name, as the dialect's `storage` reads them. */
  readonly columns: ReadonlyMap<string, string>;
  readonly primaryKey: readonly string[];
  /** Columns that are NOT NULL without a default. */
  readonly required: readonly string[];
  /** Columns that may be NULL. */
  readonly nullable: readonly string[];
  /** Columns that the database fills itself, so that no value can be written to them. */
  readonly generated: readonly string[];
}

/** A column of a stream's table. */
export interface PreparedColumn {
  /** The name in the source's rows. */
  readonly source: string;
  /** The name in the database. */
  readonly name: string;
  /** The type in the database: `double` for an integer column that was widened. */
  readonly type: ColumnType;
  /** Absent if the column has rivulet's own SQL type. */
  readonly storage?: ColumnStorage;
}

/** A stream's table as it is in the database. */
export interface PreparedTable {
  readonly stream: string;
  readonly name: string;
  readonly columns: readonly PreparedColumn[];
  /** Indexes in `columns` of the primary key's columns. */
  readonly keyIndexes: readonly number[];
  /** Indexes in `columns` of those whose difference alone does not make a row changed. */
  readonly stampedIndexes: readonly number[];
  /** Whether the table had rows when it was prepared. */
  readonly hadRows: boolean;
}

/** What an upsert did. Rows that were already equal are in neither count. */
export interface UpsertCounts {
  readonly inserted: number;
  readonly updated: number;
}

/** Another program has locked a table for too long. */
export class BusyError extends TransientError {}

/** The database refused a row because of its values. */
export class DataError extends Error {
  override readonly name = "DataError";
}
