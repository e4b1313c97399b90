import type { Differences, Found, TableComparison } from "../../core/destination.ts";
import type { Key, Row } from "../../core/schema.ts";
import type { Batch } from "../../core/source.ts";
import { DataError, type Dialect, type ExistingTable, type PreparedTable } from "./dialect.ts";
import type { Finding, Findings } from "./findings.ts";
import { keyText } from "./key-text.ts";
import { findStoredRows, type StoredRow } from "./row-differences.ts";
import { createEncoder, RowError, type Encoder } from "./row-encoder.ts";
import { RowValues } from "./row-values.ts";

/** Rows and values of one query. */
const maxRows = 500;
const maxValues = 16_000;

/** How many of the rows that differ in one way are named. */
const maxNamed = 1000;

interface ComparisonOptions {
  readonly dialect: Dialect;
  readonly table: PreparedTable;
  /** Undefined if the table does not exist yet. */
  readonly existing: ExistingTable | undefined;
  readonly findings: Findings;
  /** The keys of the stored rows. */
  readonly storedKeys: () => AsyncIterable<Key>;
}

/** The rows of one query that could be encoded. */
interface EncodedRows {
  readonly values: RowValues;
  /** The index of each among all rows. */
  readonly indexes: readonly number[];
}

/** Why rows cannot be stored, by the index of the row. */
type Reasons = Map<number, string>;

/**
 * Compares rows with a table in a SQL database, a few hundred per query, each in its own
 * transaction so that a sync can write in between.
 */
export class SqlTableComparison implements TableComparison {
  readonly #options: ComparisonOptions;
  readonly #findings: Findings;
  #table: PreparedTable;
  #encoder: Encoder;

  constructor(options: ComparisonOptions) {
    this.#options = options;
    this.#findings = options.findings;
    this.#table = options.table;
    this.#encoder = createEncoder(options.table, options.dialect.mapping);
  }

  async add(batches: readonly Batch[]): Promise<void> {
    let rows: Row[] = [];
    const compareRows = async (): Promise<void> => {
      await this.#compareRows(rows);
      rows = [];
    };
    const limit = Math.min(
      maxRows,
      Math.max(1, Math.floor(maxValues / (this.#table.columns.length + 1))),
    );
    for (const batch of batches) {
      for (const row of batch.rows) {
        rows.push(row);
        if (rows.length === limit) await compareRows();
      }
      if ((batch.deletes ?? []).length > 0) await compareRows();
      for (const key of batch.deletes ?? []) this.#findings.delete(this.#encoder.keyText(key));
    }
    await compareRows();
  }

  async end(): Promise<Differences> {
    const extra: string[] = [];
    let [atDestination, extraCount] = [0, 0];
    for await (const key of this.#options.storedKeys()) {
      atDestination += 1;
      const text = keyText(key);
      if (this.#findings.has(text)) continue;
      extraCount += 1;
      if (extra.length < maxNamed) extra.push(this.#shown(text));
    }
    return {
      atSource: this.#findings.count(),
      atDestination,
      missing: this.#found("missing", (key) => key),
      extra: { count: extraCount, first: extra },
      different: this.#found("different", (key, { columns }) => ({ key, columns })),
      unstorable: this.#found("unstorable", (key, { reason }) => ({ key, reason })),
    };
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#findings.close();
    return Promise.resolve();
  }

  async #compareRows(rows: readonly Row[]): Promise<void> {
    const reasons: Reasons = new Map();
    const stored = await this.#findStored(this.#encode(rows, reasons), reasons);
    for (const [index, row] of rows.entries()) {
      const match = stored.get(index);
      // `end` reads the keys back as they are stored.
      const key = match ? keyText(match.key) : this.#encoder.entryKey(row);
      this.#findings.set(key, findingOf(match, reasons.get(index)));
    }
  }

  #encode(rows: readonly Row[], reasons: Reasons): EncodedRows {
    const values = new RowValues(this.#table.columns.length);
    const indexes: number[] = [];
    for (const [index, row] of rows.entries()) {
      try {
        values.add((piece) => {
          this.#encoder.appendRow(row, piece);
        });
        indexes.push(index);
      } catch (error) {
        if (!(error instanceof RowError)) throw error;
        if (this.#widen(error.fractionalColumn)) return this.#encode(rows, reasons);
        reasons.set(index, error.message);
      }
    }
    return { values, indexes };
  }

  /** Compares an integer column as a double from now on, as a sync would store it. */
  #widen(name: string | undefined): boolean {
    if (name === undefined) return false;
    const columns = this.#table.columns.map((column) =>
      column.name === name ? { ...column, type: "double" as const } : column,
    );
    this.#table = { ...this.#table, columns };
    this.#encoder = createEncoder(this.#table, this.#options.dialect.mapping);
    return true;
  }

  /** The stored rows by the index of the row; what the database refuses is searched by halves. */
  async #findStored(
    { values, indexes }: EncodedRows,
    reasons: Reasons,
  ): Promise<ReadonlyMap<number, StoredRow>> {
    const { dialect, existing } = this.#options;
    if (!existing || indexes.length === 0) return new Map();
    const compared = { table: this.#table, existing };
    const { mapping } = dialect;
    try {
      const found = await dialect.read((tx) =>
        findStoredRows(tx, compared, { rows: values, mapping }),
      );
      return new Map([...found].map(([position, row]) => [indexes[position] ?? -1, row]));
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      if (indexes.length === 1) {
        reasons.set(indexes[0] ?? -1, error.message);
        return new Map();
      }
      const middle = Math.ceil(indexes.length / 2);
      const halves = [
        [0, middle],
        [middle, indexes.length],
      ] as const;
      const stored = new Map<number, StoredRow>();
      for (const [from, to] of halves) {
        const half = { values: values.slice(from, to), indexes: indexes.slice(from, to) };
        for (const [index, row] of await this.#findStored(half, reasons)) stored.set(index, row);
      }
      return stored;
    }
  }

  #found<K extends "missing" | "different" | "unstorable", T>(
    kind: K,
    show: (key: string, finding: Extract<Finding, { kind: K }>) => T,
  ): Found<T> {
    const first = this.#findings.first(kind, maxNamed);
    return {
      count: this.#findings.count(kind),
      first: first.map(([key, finding]) => show(this.#shown(key), finding)),
    };
  }

  /** A key of one column without its brackets. */
  #shown(key: string): string {
    const isSingle = this.#table.keyIndexes.length === 1;
    return isSingle ? key.replace(/^\[(.*)\]( [0-9a-f]{16})?$/s, "$1$2") : key;
  }
}

function findingOf(match: StoredRow | undefined, reason: string | undefined): Finding {
  if (reason !== undefined) return { kind: "unstorable", reason };
  if (!match) return { kind: "missing" };
  const { differing: columns } = match;
  return columns.length > 0 ? { kind: "different", columns } : { kind: "equal" };
}
