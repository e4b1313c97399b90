import { setMaxListeners } from "node:events";
import { AxiosError, type AxiosInstance, type InternalAxiosRequestConfig } from "axios";
import type { IAxiosRetryConfig } from "axios-retry";
import { TransientError } from "../core/errors.ts";
import { newRedactor } from "../core/redact.ts";
import { sendOnce } from "./send-once.ts";
import { newAxios } from "./axios-instance.ts";
import { jitterMs } from "./backoff.ts";
import type { Body } from "./body.ts";
import type { ClientSettings } from "./client-options.ts";
import type { Answer, Request } from "./request.ts";
import { formatDuration } from "./format-duration.ts";
import { HttpError, httpErrorOf, isTransient } from "./http-error.ts";
import { requestError } from "./request-error.ts";
import { Throttle } from "./throttle.ts";
import { toSearchParams, redactedUrl } from "./url.ts";

/** A request in progress, through all its attempts. */
interface PendingRequest<Value> {
  readonly request: Request<Value>;
  readonly where: string;
  readonly retryAttempts: number;
  attempts: number;
}

/** Waits below this are logged at debug level. */
const warnFromMs = 2000;

/**
 * Sends requests to one service, with retries and as many in parallel as the service can handle.
 */
export class Sender {
  readonly #settings: ClientSettings;
  readonly #http: AxiosInstance;
  readonly #throttle: Throttle;
  readonly #redact: (text: string) => string;

  constructor(settings: ClientSettings) {
    const { signal, headers, secrets, concurrency, now } = settings;
    // Every request in progress listens to it: more than ten listeners are no leak.
    setMaxListeners(0, signal);
    const sleep = (milliseconds: number): Promise<void> => settings.sleep(milliseconds, signal);
    this.#settings = settings;
    this.#http = newAxios(settings);
    this.#throttle = new Throttle({ concurrency, now, sleep });
    this.#redact = newRedactor([...Object.values(headers), ...secrets]);
  }

  /** Sends a request until it succeeds or fails for good. */
  async send<Value>(request: Request<Value>, url: URL): Promise<Answer<Value>> {
    const where = `${request.method} ${redactedUrl(url)}`;
    const retryAttempts = Math.min(this.#settings.retryAttempts, request.retryAttempts ?? Infinity);
    const pending = { request, where, retryAttempts, attempts: 0 };
    try {
      const { data } = await this.#http.request<Answer<Value>>({
        method: request.method,
        url: url.href,
        ...bodyOf(request),
        adapter: (config) => this.#adapter(config, pending),
        "axios-retry": this.#retries(pending),
      });
      return data;
    } catch (error) {
      this.#settings.signal.throwIfAborted();
      const failure = httpErrorOf(error);
      throw failure ? requestError(failure, { ...this.#settings, ...pending }) : error;
    }
  }

  /** One attempt as an axios adapter. axios-retry ignores errors without the config. */
  async #adapter<Value>(config: InternalAxiosRequestConfig, pending: PendingRequest<Value>) {
    try {
      const data = await this.#throttle.run(() => this.#attempt(config, pending));
      return { data, status: data.status, statusText: "", headers: {}, config };
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      throw Object.assign(new AxiosError(error.message, undefined, config), { cause: error });
    }
  }

  async #attempt<Value>(
    config: InternalAxiosRequestConfig,
    pending: PendingRequest<Value>,
  ): Promise<Answer<Value>> {
    const { transfer, log, now, maxResponseBytes } = this.#settings;
    const { request, where } = pending;
    const startedAt = now();
    this.#throwIfDeferred();
    pending.attempts += 1;
    try {
      const received = await sendOnce(config, {
        ...this.#settings,
        maxResponseBytes: request.maxResponseBytes ?? maxResponseBytes,
        redact: this.#redact,
        onSend: () => (transfer.requests += 1),
      });
      const { status, body } = received;
      const { bytes } = body;
      transfer.bytes += bytes;
      const ms = now() - startedAt;
      log.debug(`${where}: ${status}, ${ms} ms, ${bytes} bytes`, { status, ms, bytes });
      return { ...received, value: this.#accepted(request, body) };
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      this.#pause(error, pending);
      this.#throwIfDeferred();
      throw error;
    }
  }

  /** Runs the request's `accept`; a TransientError fails only the attempt. */
  #accepted<Value>({ accept }: Request<Value>, body: Body): Value {
    try {
      return accept(body);
    } catch (error) {
      if (!(error instanceof TransientError)) throw error;
      throw new HttpError("broken", this.#redact(error.message));
    }
  }

  /**
   * A pause that the service asks for applies to all requests at once, this one's retry included.
   */
  #pause<Value>(failure: HttpError, pending: PendingRequest<Value>): void {
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
    this.#logWait(added, failure, pending);
  }

  /** During a deferral nothing is sent, by any client of the sync: they share their statistics. */
  #throwIfDeferred(): void {
    const { transfer, now } = this.#settings;
    if (!transfer.deferral) return;
    const { message, status, until } = transfer.deferral;
    const requestedWaitMs = until - now();
    if (requestedWaitMs > 0) throw new HttpError("deferred", message, { status, requestedWaitMs });
  }

  #retries<Value>(pending: PendingRequest<Value>): IAxiosRetryConfig {
    const { transfer, random, sleep, signal } = this.#settings;
    return {
      retries: pending.retryAttempts,
      retryCondition: ({ cause }) =>
        cause instanceof HttpError && isTransient(cause) && cause.kind !== "deferred",
      retryDelay: () => 0,
      onRetry: async (retry, { cause }) => {
        transfer.retries += 1;
        if (!(cause instanceof HttpError) || cause.requestedWaitMs !== undefined) return;
        const milliseconds = Math.round(jitterMs(retry, random));
        this.#logWait(milliseconds, cause, pending);
        await sleep(milliseconds, signal);
      },
    };
  }

  #logWait<Value>(
    milliseconds: number,
    { message }: HttpError,
    pending: PendingRequest<Value>,
  ): void {
    const { transfer, log } = this.#settings;
    const { where, attempts, retryAttempts } = pending;
    const level = milliseconds < warnFromMs ? "debug" : "warning";
    transfer.waitedMs += milliseconds;
    log[level](
      `${where}: ${message}, waiting ${formatDuration(milliseconds)} (attempt ${attempts} of ${retryAttempts + 1})`,
    );
  }
}

function bodyOf({ json, form }: Request<unknown>) {
  if (json !== undefined) {
    return { data: JSON.stringify(json), headers: { "Content-Type": "application/json" } };
  }
  if (form === undefined) return {};
  return {
    data: toSearchParams(form).toString(),
    headers: { "Content-Type": "application/x-www-form-urlencoded" },
  };
}
