import type { IncomingHttpHeaders } from "node:http";
import type { ClientSettings } from "./client-options.ts";
import { formatDuration } from "./format-duration.ts";
import { HttpError, isTransient } from "./http-error.ts";
import { KnownBudgets } from "./known-budgets.ts";
import type { Throttle } from "./throttle.ts";

/** The attempt that a wait follows, for messages. */
interface AttemptLabel {
  readonly where: string;
  readonly attempts: number;
  readonly retryAttempts: number;
}

/** Waits below this are logged at debug level. */
const warnFromMs = 2000;

/**
 * The pauses that a service asks for, by refusing a request or by saying how many more it allows.
 * They hold back all requests of a client; one above `maxWaitMs` fails them unsent.
 */
export class RequestedPauses {
  readonly #settings: ClientSettings;
  readonly #throttle: Throttle;
  readonly #budgets = new KnownBudgets();
  #hasReported = false;

  constructor(settings: ClientSettings, throttle: Throttle) {
    this.#settings = settings;
    this.#throttle = throttle;
  }

  /**
   * Sends no more requests at a time than the service still allows. Once it allows none, pauses
   * until its reset, so that it has nothing to refuse.
   */
  afterResponse(status: number, headers: IncomingHttpHeaders): void {
    const { budgets, transfer, maxWaitMs, now } = this.#settings;
    const at = now();
    for (const budget of budgets(headers, at)) this.#budgets.record(budget, at);
    this.#throttle.allow(this.#budgets.remaining(at));
    const usedUp = this.#budgets.usedUp(at);
    // A refusal pauses for itself. It also says how long, if that is longer than we wait.
    if (!usedUp || status === 429 || usedUp.resetsAt - at > maxWaitMs) return;
    const added = this.#throttle.pause(usedUp.resetsAt - at);
    if (added <= 0) return;
    transfer.pausedUntil = usedUp.resetsAt;
    transfer.waitedMs += added;
    this.#report(usedUp.name, added);
  }

  /** Pauses as long as a refusal asks for, or fails all requests if that is too long. */
  afterFailure(failure: HttpError, attempt: AttemptLabel): void {
    const { transfer, now, maxWaitMs } = this.#settings;
    const { message, status, requestedWaitMs = 0 } = failure;
    if (!isTransient(failure)) return;
    const until = now() + requestedWaitMs;
    if (requestedWaitMs > maxWaitMs) {
      if (until > (transfer.deferral?.until ?? 0)) transfer.deferral = { message, status, until };
      return;
    }
    const added = this.#throttle.pause(requestedWaitMs);
    if (added <= 0) return;
    transfer.pausedUntil = until;
    this.logWait(added, failure, attempt);
  }

  /** During a deferral nothing is sent, by any client of the sync: they share their statistics. */
  throwIfDeferred(): void {
    const { transfer, now } = this.#settings;
    if (!transfer.deferral) return;
    const { message, status, until } = transfer.deferral;
    const requestedWaitMs = until - now();
    if (requestedWaitMs > 0) throw new HttpError("deferred", message, { status, requestedWaitMs });
  }

  /** Counts and logs a wait before a retry. */
  logWait(milliseconds: number, { message }: HttpError, attempt: AttemptLabel): void {
    const { transfer, log } = this.#settings;
    const { where, attempts, retryAttempts } = attempt;
    const level = milliseconds < warnFromMs ? "debug" : "warning";
    transfer.waitedMs += milliseconds;
    log[level](
      `${where}: ${message}, waiting ${formatDuration(milliseconds)} (attempt ${attempts} of ${retryAttempts + 1})`,
    );
  }

  /** Says once that requests are paced; at debug level, every time. */
  #report(name: string, milliseconds: number): void {
    const { log, baseUrl } = this.#settings;
    const level = this.#hasReported ? "debug" : "info";
    this.#hasReported = true;
    log[level](
      `${new URL(baseUrl).origin}: its rate limit "${name}" allows no more requests for ${formatDuration(milliseconds)}; requests are paced`,
    );
  }
}
