import { newLog, type LogEntry } from "../../src/core/log.ts";
import { newRequestStats, type RequestStats } from "../../src/core/request-stats.ts";
import { newClient, type Client } from "../../src/http/client.ts";
import { type ClientOptions } from "../../src/http/client-options.ts";

/** A client with a fake clock, which advances only by its sleeps; they take no real time. */
export interface TestClient extends Client {
  readonly transfer: RequestStats;
  /** What it has logged. */
  readonly entries: readonly LogEntry[];
  /** Milliseconds of each sleep so far. */
  readonly sleeps: readonly number[];
  abort(reason: unknown): void;
}

/** Makes a client for tests; `options` override its fakes. */
export function testClient(baseUrl: string, options: Partial<ClientOptions> = {}): TestClient {
  const entries: LogEntry[] = [];
  const sleeps: number[] = [];
  const transfer = newRequestStats();
  const controller = new AbortController();
  let now = Date.UTC(2026, 0, 1);
  const client = newClient({
    baseUrl,
    transfer,
    log: newLog((entry) => entries.push(entry), "debug"),
    signal: controller.signal,
    random: () => 0.5,
    now: () => now,
    sleep: (milliseconds, signal) => {
      signal.throwIfAborted();
      sleeps.push(milliseconds);
      now += milliseconds;
      return Promise.resolve();
    },
    ...options,
  });
  return {
    ...client,
    transfer,
    entries,
    sleeps,
    abort: (reason) => {
      controller.abort(reason);
    },
  };
}
