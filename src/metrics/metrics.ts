import { Counter, Gauge, Registry } from "prom-client";
import type { RequestStats } from "../core/request-stats.ts";

/** Whether rivulet reads a service (`ingest`), or writes what others send (`export`). */
export type Side = "ingest" | "export";

type Environment = Readonly<Record<string, string | undefined>>;

/** What was written at once. */
export interface WriteSize {
  readonly bytes: number;
  readonly documents: number;
  /** Milliseconds since 1970 at which the oldest of the documents was read; absent where there is none. */
  readonly oldest?: number;
}

/** How many rows of a stream came to what. */
export type RowCounts = Readonly<Record<string, number>>;

const lastCompleteName = "rivulet_last_complete_sync_timestamp_seconds";

/**
 * The numbers that a sync is watched by: those of the C8 contract, and ours, all with the contract's labels.
 *
 * @see https://prometheus.io/docs/practices/naming/
 */
export class Metrics {
  readonly #registry = new Registry();
  readonly #now: () => number;
  readonly #bytes: Counter;
  readonly #documents: Counter;
  readonly #errors: Counter;
  readonly #lag: Gauge;
  readonly #rows: Counter<"stream" | "result">;
  #requestStats: readonly RequestStats[] = [];
  #lastComplete: Gauge | undefined;

  constructor(side: Side, env: Environment, now: () => number = Date.now) {
    this.#now = now;
    this.#registry.setDefaultLabels(contractLabels(env));
    const [done, noun] = side === "ingest" ? ["ingested", "ingest"] : ["exported", "export"];
    this.#bytes = this.#counter(`${done}_bytes_total`, `Bytes of the documents that were ${done}.`);
    this.#documents = this.#counter(`${done}_documents_total`, `Documents that were ${done}.`);
    this.#errors = this.#counter(
      `${noun}_errors_total`,
      "Documents that went into quarantine, and streams or syncs that failed.",
    );
    this.#lag = new Gauge({
      name: `${noun}_lag`,
      help: "Seconds from when the oldest document of the last transaction was read until it was stored.",
      registers: [this.#registry],
    });
    this.#rows = new Counter({
      name: "rivulet_rows_total",
      help: "Rows by stream, and by what came of them.",
      labelNames: ["stream", "result"],
      registers: [this.#registry],
    });
    this.#registerRequestCounters();
  }

  /** Content type of `text`. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  /** All of it in the text format of Prometheus. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  /** Whether there is a session that it counts. */
  get hasSession(): boolean {
    return this.#requestStats.length > 0;
  }

  /** Counts from now on what this client does, too. */
  addRequestStats(transfer: RequestStats): void {
    this.#requestStats = [...this.#requestStats, transfer];
  }

  countWritten({ bytes, documents, oldest }: WriteSize): void {
    this.#bytes.inc(bytes);
    this.#documents.inc(documents);
    if (oldest !== undefined) this.#lag.set(Math.max(0, this.#now() - oldest) / 1000);
  }

  countRows(stream: string, results: RowCounts): void {
    for (const [result, count] of Object.entries(results))
      this.#rows.inc({ stream, result }, count);
  }

  countErrors(errors: number): void {
    this.#errors.inc(errors);
  }

  /** Nothing is shown until there was one: a time of 0 would be a lie. */
  setLastComplete(at: Date): void {
    this.#lastComplete ??= new Gauge({
      name: lastCompleteName,
      help: "When the last sync that completed ended, in seconds since 1970.",
      registers: [this.#registry],
    });
    this.#lastComplete.set(at.getTime() / 1000);
  }

  #registerRequestCounters(): void {
    const sum = (part: (transfer: RequestStats) => number) => () =>
      this.#requestStats.reduce((total, transfer) => total + part(transfer), 0);
    const { requests, retries, waited } = {
      requests: sum((transfer) => transfer.requests),
      retries: sum((transfer) => transfer.retries),
      waited: sum((transfer) => transfer.waitedMs / 1000),
    };
    this.#counter("rivulet_requests_total", "Requests to the service.", requests);
    this.#counter("rivulet_retries_total", "Requests that were sent again.", retries);
    this.#counter(
      "rivulet_waited_seconds_total",
      "Seconds waited because the service asked for it, or failed.",
      waited,
    );
  }

  /** A counter; with `total`, one that takes its value from there when it is asked. */
  #counter(name: string, help: string, total?: () => number): Counter {
    const collect =
      total === undefined
        ? {}
        : {
            collect(this: Counter): void {
              this.reset();
              this.inc(total());
            },
          };
    return new Counter({ name, help, registers: [this.#registry], ...collect });
  }
}

/** The labels of the contract; `NA` where the environment says nothing. */
function contractLabels(env: Environment): Readonly<Record<string, string>> {
  const variables = {
    region: "GDN_FEDERATION",
    tenant: "GDN_TENANT",
    fabric: "GDN_FABRIC",
    workflow: "WORKFLOW_UUID",
  } as const;
  return Object.fromEntries(
    Object.entries(variables).map(([label, variable]) => [label, env[variable] || "NA"]),
  );
}

/** When the last complete sync ended, by what was shown of an earlier one. */
export function parseLastComplete(text: string): Date | undefined {
  const [, seconds] = new RegExp(`^${lastCompleteName}(?:\\{.*\\})? (\\S+)$`, "m").exec(text) ?? [];
  const at = new Date(Number(seconds) * 1000);
  return Number.isNaN(at.getTime()) ? undefined : at;
}
