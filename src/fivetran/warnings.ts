import type { Log } from "../core/log.ts";
import { textResponse } from "./wire.ts";

/** Rows that are logged individually. */
const maxLogged = 20;

/** Warnings that are sent before the end. */
const maxEarly = 20;

/**
 * Problems with single rows. Fivetran shows their number. Keys and reasons quote the service and go
 * to the log only: the first ones individually, then their number.
 */
export class Warnings {
  readonly #log: Log;
  /** Rows of each table of which no warning has been sent yet. */
  readonly #pending = new Map<string, number>();
  #count = 0;
  #sent = 0;

  constructor(log: Log) {
    this.#log = log;
  }

  /** Adds a row of a table; `problem` has its key and the reason. */
  add(table: string, problem: string): void {
    this.#count += 1;
    if (this.#count <= maxLogged) this.#log.warning(`${table}: ${problem}`);
    this.#pending.set(table, (this.#pending.get(table) ?? 0) + 1);
  }

  /** Yields a warning per table, unless there were many already: then they wait for the end. */
  *drain(): Generator<Buffer> {
    if (this.#sent < maxEarly) yield* this.#send();
  }

  /** Yields the rest. */
  *finish(): Generator<Buffer> {
    yield* this.#send();
    if (this.#count > maxLogged)
      this.#log.warning(`and ${this.#count - maxLogged} more rows could not be read or sent`);
  }

  *#send(): Generator<Buffer> {
    for (const [table, count] of this.#pending) {
      const rows = count === 1 ? "a row" : `${count} rows`;
      this.#sent += 1;
      yield textResponse(
        "warning",
        `${table}: ${rows} could not be read or sent; the log of the connector has the reasons`,
      );
    }
    this.#pending.clear();
  }
}
