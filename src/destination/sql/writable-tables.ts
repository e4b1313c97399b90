import { ClaimedTableError } from "../../core/errors.ts";
import type { PreparedTable, TypeMapping } from "./dialect.ts";
import type { LeasedTransactions } from "./leased-transactions.ts";
import { createEncoder } from "./row-encoder.ts";
import { widenColumns } from "./widen-columns.ts";
import type { WritableTable } from "./writable-table.ts";

/** The tables that a session has prepared. */
export class WritableTables {
  readonly #mapping: TypeMapping;
  readonly #byStream = new Map<string, WritableTable>();
  readonly #lost = new Map<string, ClaimedTableError>();

  constructor(mapping: TypeMapping) {
    this.#mapping = mapping;
  }

  get byStream(): ReadonlyMap<string, WritableTable> {
    return this.#byStream;
  }

  /** Why tables that were prepared belong to another pipeline by now, by stream. */
  get lost(): ReadonlyMap<string, ClaimedTableError> {
    return this.#lost;
  }

  get streams(): string[] {
    return [...this.#byStream.keys()];
  }

  /** Adds a table, or replaces it. */
  set(table: PreparedTable, unwidenable: ReadonlySet<string> = new Set()): void {
    const encoder = createEncoder(table, this.#mapping);
    this.#byStream.set(table.stream, { table, encoder, unwidenable });
    this.#lost.delete(table.stream);
  }

  /** What a stream's column, and its table, are called in the database. */
  columnOf(stream: string, column: string): { readonly table: string; readonly name: string } {
    const { table } = this.#byStream.get(stream) ?? {};
    const { name } = table?.columns.find(({ source }) => source === column) ?? {};
    if (!table || name === undefined)
      throw new Error(`${stream}: no column "${column}" is prepared`);
    return { table: table.name, name };
  }

  /** Does work; forgets a table that turns out to belong to another pipeline by now. */
  async forgettingLost<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof ClaimedTableError) {
        this.#byStream.delete(error.stream);
        this.#lost.set(error.stream, error);
      }
      throw error;
    }
  }

  /** Widens integer columns, given by stream, to doubles where that is possible. */
  async widen(
    transactions: LeasedTransactions,
    columnsByStream: ReadonlyMap<string, ReadonlySet<string>>,
  ): Promise<void> {
    for (const [stream, columns] of columnsByStream) {
      const writable = this.#byStream.get(stream);
      if (!writable) continue;
      const { table, unwidenable } = await transactions.run((tx) =>
        widenColumns(tx, writable, columns),
      );
      this.set(table, unwidenable);
    }
  }
}
