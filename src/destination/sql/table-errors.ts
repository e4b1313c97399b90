import { BusyTableError, ConfigError, isTableError, TableError } from "../../core/errors.ts";
import { BusyError, DataError, type Transaction } from "./dialect.ts";
import type { LeasedTransactions } from "./leased-transactions.ts";

interface TableErrorOptions {
  /** Also turn a DataError into a TableError, because there is no other way to write the rows. */
  readonly isFinal: boolean;
}

/** Says which stream's table the next statements concern; undefined: none of them. */
type OnTable = (stream: string | undefined) => void;

/**
 * Runs `work` in a transaction. If statements for a table fail because a person must change it,
 * throws a TableError; if another program keeps it locked, a BusyTableError.
 */
export async function runForTables<T>(
  transactions: Pick<LeasedTransactions, "run">,
  { isFinal }: TableErrorOptions,
  work: (tx: Transaction, onTable: OnTable) => Promise<T>,
): Promise<T> {
  let current: string | undefined;
  const onTable: OnTable = (stream) => {
    current = stream;
  };
  try {
    return await transactions.run((tx) => {
      onTable(undefined);
      return work(tx, onTable);
    });
  } catch (error) {
    throw current === undefined ? error : asTableError(error, current, isFinal);
  }
}

function asTableError(error: unknown, stream: string, isFinal: boolean): unknown {
  if (isTableError(error)) return error;
  const options = { stream, cause: error };
  if (error instanceof BusyError) return new BusyTableError(error.message, options);
  const isRefused = error instanceof ConfigError || (isFinal && error instanceof DataError);
  return isRefused ? new TableError(error.message, options) : error;
}
