import type { PreparedTable, TypeMapping } from "./dialect.ts";
import type { LeasedTransactions } from "./leased-transactions.ts";
import { createEncoder } from "./row-encoder.ts";
import { widenColumns } from "./widen-columns.ts";
import type { WritableTable } from "./writable-table.ts";

/** The tables that a session has prepared. */
export class WritableTables {
  readonly #mapping: TypeMapping;
  readonly #byStream = new Map<string, WritableTable>();

  constructor(mapping: TypeMapping) {
    this.#mapping = mapping;
  }

  get byStream(): ReadonlyMap<string, WritableTable> {
    return this.#byStream;
  }

  get streams(): string[] {
    return [...this.#byStream.keys()];
  }

  /** Adds a table, or replaces it. */
  set(table: PreparedTable, unwidenable: ReadonlySet<string> = new Set()): void {
    const encoder = createEncoder(table, this.#mapping);
    this.#byStream.set(table.stream, { table, encoder, unwidenable });
  }

  /** Forgets the table of a stream. */
  delete(stream: string): void {
    this.#byStream.delete(stream);
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
