import { ConfigError } from "../../core/errors.ts";
import { DataError } from "./dialect.ts";

/** What to do about rows that the database refuses. */
export interface Isolation {
  /** Find them and store the others, instead of throwing a DataError. */
  readonly isolateBadRows: boolean;
  /** Check deferred constraints with each statement, so that they refuse single rows, too. */
  readonly checkAtOnce: boolean;
  /** Whether nothing else can be tried. */
  readonly isFinal: boolean;
}

const steps = [
  { isolateBadRows: false, checkAtOnce: false, isFinal: false },
  { isolateBadRows: true, checkAtOnce: false, isFinal: false },
  { isolateBadRows: true, checkAtOnce: true, isFinal: true },
] as const satisfies readonly Isolation[];

/** Runs `write`; again, with more isolation, if it throws a DataError. */
export async function isolatingBadRows<T>(write: (isolation: Isolation) => Promise<T>): Promise<T> {
  for (const isolation of steps) {
    try {
      return await write(isolation);
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      if (isolation.isFinal) throw new ConfigError(error.message, { cause: error });
    }
  }
  throw new Error("the last step is final");
}
