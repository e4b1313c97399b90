import { setTimeout as wait } from "node:timers/promises";
import { exitStatusOfError, exitStatusOfSync } from "../../src/cli/invocation/exit-status.ts";
import { isOperational } from "../../src/core/errors.ts";
import { newLog } from "../../src/core/log.ts";
import { loadSource } from "../../src/sources/registry.ts";
import type { ChaosService } from "../chaos/service.ts";
import { syncSource } from "../support/sync-source.ts";

/** How a sync ended whose answers were garbled. */
export interface FuzzedSync {
  /** The exit status that the program would have. */
  readonly status: number;
  /** All that was logged, and the message of the error that ended it. */
  readonly messages: readonly string[];
  /** The stack of an error that is none of ours; undefined without one. */
  readonly bug: string | undefined;
  /** Whether it took longer than it may, and had to be aborted. */
  readonly isTooLate: boolean;
}

/** What is synced, and how. */
export interface FuzzedSyncOptions {
  readonly service: ChaosService;
  readonly baseUrl: string;
  readonly destination: string;
  readonly requestSettings: Readonly<Record<string, unknown>>;
  readonly fullRefresh: boolean;
  readonly allowMassDeletion: boolean;
}

/**
 * No answer asks for a wait of more than a second that is not refused, and each attempt ends after
 * one: some ten seconds do for the slowest sync, on a busy machine a minute.
 */
const limitMs = 90_000;

/** Syncs in this process, and says how the program would have ended. */
export async function fuzzedSync(options: FuzzedSyncOptions): Promise<FuzzedSync> {
  const { service, baseUrl, destination, requestSettings } = options;
  const { fullRefresh, allowMassDeletion } = options;
  const messages: string[] = [];
  const log = newLog(({ message, fields }) => {
    messages.push(message, JSON.stringify(fields));
  }, "debug");
  const limit = new AbortController();
  const ended = new AbortController();
  const isLate = wait(limitMs, true, { signal: ended.signal, ref: false }).catch(() => false);
  void isLate.then((late) => {
    if (late) limit.abort(new Error("it took too long"));
  });
  const end = { messages, isTooLate: false };
  try {
    const summary = await syncSource(await loadSource(service.source), {
      config: { ...service.sourceConfig, base_url: baseUrl, ...requestSettings },
      startedAt: new Date(Date.now() + (service.clockAheadMs ?? 0)),
      ...{ destination, fullRefresh, allowMassDeletion, log, signal: limit.signal },
    });
    for (const { message } of summary.failures.values()) messages.push(message);
    return { ...end, status: exitStatusOfSync(summary), bug: undefined };
  } catch (error) {
    messages.push(String(error));
    const isTooLate = limit.signal.aborted;
    const bug = isTooLate || isOperational(error) ? undefined : stackOf(error);
    return { messages, isTooLate, status: exitStatusOfError(error), bug };
  } finally {
    ended.abort();
  }
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
