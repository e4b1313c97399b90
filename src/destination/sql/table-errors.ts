import { ConfigError, TableError } from "../../core/errors.ts";
import { DataError, type Transaction } from "./dialect.ts";
import type { LeasedTransactions } from "./leased-transactions.ts";

interface TableErrorOptions {
  /** Also turn a DataError into a TableError, because there is no other way to write the rows. */
  readonly isFinal: boolean;
}

/** Says which stream's table the next statements concern; undefined: none of them. */
type OnTable = (stream: string | undefined) => void;

/**
 * Runs `work` in a transaction. If statements for a table fail because a person must change it,
 * throws a TableError.
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
  if (error instanceof TableError) return error;
  const isRefused = error instanceof ConfigError || (isFinal && error instanceof DataError);
  return isRefused ? new TableError(error.message, { stream, cause: error }) : error;
}
