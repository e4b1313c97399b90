import { Counter, Gauge, Registry } from "prom-client";
import type { RequestStats } from "../core/request-stats.ts";

/** Whether rivulet reads from a service (`ingest`) or writes what others send (`export`). */
export type Side = "ingest" | "export";

type Environment = Readonly<Record<string, string | undefined>>;

/** The size of one transaction. */
interface WriteSize {
  readonly bytes: number;
  readonly documents: number;
  /** When the oldest document was read, in milliseconds since 1970. Absent: no documents. */
  readonly oldest?: number;
}

/** Rows of a stream by result, such as `inserted`. */
type RowCounts = Readonly<Record<string, number>>;

const lastCompleteName = "rivulet_last_complete_sync_timestamp_seconds";

/**
 * The metrics of a sync: those of the C8 contract and our own, all with the contract's labels.
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
  #settled: Gauge | undefined;

  constructor(side: Side, env: Environment, now: () => number = Date.now) {
    this.#now = now;
    this.#registry.setDefaultLabels(contractLabels(env));
    const [done, noun] = side === "ingest" ? ["ingested", "ingest"] : ["exported", "export"];
    this.#bytes = this.#counter(`${done}_bytes_total`, `Bytes of the documents ${done}.`);
    this.#documents = this.#counter(`${done}_documents_total`, `Documents ${done}.`);
    this.#errors = this.#counter(
      `${noun}_errors_total`,
      "Quarantined documents, and failed streams and syncs.",
    );
    this.#lag = new Gauge({
      name: `${noun}_lag`,
      help: "Seconds between reading and storing the oldest document of the last transaction.",
      registers: [this.#registry],
    });
    this.#rows = new Counter({
      name: "rivulet_rows_total",
      help: "Rows by stream and result.",
      labelNames: ["stream", "result"],
      registers: [this.#registry],
    });
    this.#registerRequestCounters();
  }

  /** The content type of `text()`. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  /** All metrics in the Prometheus text format. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  /** Whether a session has begun, so that its requests are counted. */
  get hasSession(): boolean {
    return this.#requestStats.length > 0;
  }

  /** Adds the requests of another client. */
  addRequestStats(stats: RequestStats): void {
    this.#requestStats = [...this.#requestStats, stats];
  }

  /** Counts a transaction. */
  countWritten({ bytes, documents, oldest }: WriteSize): void {
    this.#bytes.inc(bytes);
    this.#documents.inc(documents);
    if (oldest !== undefined) this.#lag.set(Math.max(0, this.#now() - oldest) / 1000);
  }

  /** Counts a stream's rows by result. */
  countRows(stream: string, results: RowCounts): void {
    for (const [result, count] of Object.entries(results))
      this.#rows.inc({ stream, result }, count);
  }

  /** Counts quarantined documents, or failed streams or syncs. */
  countErrors(errors: number): void {
    this.#errors.inc(errors);
  }

  /**
   * Sets when the last complete sync ended. The gauge is created only now: before the first such
   * sync, it would show 1970.
   */
  setLastComplete(at: Date): void {
    this.#lastComplete ??= new Gauge({
      name: lastCompleteName,
      help: "End of the last complete sync, in seconds since 1970.",
      registers: [this.#registry],
    });
    this.#lastComplete.set(at.getTime() / 1000);
  }

  /** Sets the number of settled entries, once a sync has counted them. */
  setSettled(entries: number): void {
    this.#settled ??= new Gauge({
      name: "rivulet_settled_gaps",
      help: "Entries in quarantine that are incomplete at the service for good.",
      registers: [this.#registry],
    });
    this.#settled.set(entries);
  }

  #registerRequestCounters(): void {
    const sum = (valueOf: (stats: RequestStats) => number) => () =>
      this.#requestStats.reduce((total, stats) => total + valueOf(stats), 0);
    const { requests, retries, waited } = {
      requests: sum((stats) => stats.requests),
      retries: sum((stats) => stats.retries),
      waited: sum((stats) => stats.waitedMs / 1000),
    };
    this.#counter("rivulet_requests_total", "Requests to the service.", requests);
    this.#counter("rivulet_retries_total", "Requests that were retried.", retries);
    this.#counter(
      "rivulet_waited_seconds_total",
      "Seconds waited before retries, and because the service asked for it.",
      waited,
    );
  }

  /** With `total`, the counter takes its value from there when it is scraped. */
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

/** The contract's labels, from environment variables; `NA` if one is not set. */
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

/** The end of the last complete sync, from the metrics text of an earlier sync. */
export function parseLastComplete(text: string): Date | undefined {
  const [, seconds] = new RegExp(`^${lastCompleteName}(?:\\{.*\\})? (\\S+)$`, "m").exec(text) ?? [];
  const at = new Date(Number(seconds) * 1000);
  return Number.isNaN(at.getTime()) ? undefined : at;
}
