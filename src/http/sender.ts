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

/** One request on its way, through all its attempts. */
interface PendingRequest<Value> {
  readonly request: Request<Value>;
  readonly where: string;
  readonly retryAttempts: number;
  attempts: number;
}

/** Shorter waits are no news. */
const warnFromMs = 2000;

/** Sends requests to one service: as many at a time as it bears, and again where that may help. */
export class Sender {
  readonly #settings: ClientSettings;
  readonly #http: AxiosInstance;
  readonly #throttle: Throttle;
  readonly #redact: (text: string) => string;

  constructor(settings: ClientSettings) {
    const { signal, headers, secrets, concurrency, now } = settings;
    // Every request under way listens to it: more than ten are no leak.
    setMaxListeners(0, signal);
    const sleep = (milliseconds: number): Promise<void> => settings.sleep(milliseconds, signal);
    this.#settings = settings;
    this.#http = newAxios(settings);
    this.#throttle = new Throttle({ concurrency, now, sleep });
    this.#redact = newRedactor([...Object.values(headers), ...secrets]);
  }

  async send<Value>(request: Request<Value>, url: URL): Promise<Answer<Value>> {
    const where = `${request.method} ${redactedUrl(url)}`;
    const retryAttempts = Math.min(this.#settings.retryAttempts, request.retryAttempts ?? Infinity);
    const sending = { request, where, retryAttempts, attempts: 0 };
    try {
      const { data } = await this.#http.request<Answer<Value>>({
        method: request.method,
        url: url.href,
        ...bodyOf(request),
        adapter: (config) => this.#adapter(config, sending),
        "axios-retry": this.#retries(sending),
      });
      return data;
    } catch (error) {
      this.#settings.signal.throwIfAborted();
      const failure = httpErrorOf(error);
      throw failure ? requestError(failure, { ...this.#settings, ...sending }) : error;
    }
  }

  /** One attempt, as axios wants it; a failure goes with the config, without which axios-retry does nothing. */
  async #adapter<Value>(config: InternalAxiosRequestConfig, sending: PendingRequest<Value>) {
    try {
      const data = await this.#throttle.run(() => this.#attempt(config, sending));
      return { data, status: data.status, statusText: "", headers: {}, config };
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      throw Object.assign(new AxiosError(error.message, undefined, config), { cause: error });
    }
  }

  async #attempt<Value>(
    config: InternalAxiosRequestConfig,
    sending: PendingRequest<Value>,
  ): Promise<Answer<Value>> {
    const { transfer, log, now, maxResponseBytes } = this.#settings;
    const { request, where } = sending;
    const startedAt = now();
    this.#refuseWhilePutOff();
    sending.attempts += 1;
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
      this.#pause(error, sending);
      this.#refuseWhilePutOff();
      throw error;
    }
  }

  /** The request's own reading of the body; what it calls transient fails the attempt. */
  #accepted<Value>({ accept }: Request<Value>, body: Body): Value {
    try {
      return accept(body);
    } catch (error) {
      if (!(error instanceof TransientError)) throw error;
      throw new HttpError("broken", this.#redact(error.message));
    }
  }

  /** What a service asks for holds for every request, and from the moment it is known. */
  #pause<Value>(failure: HttpError, sending: PendingRequest<Value>): void {
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
    this.#waits(added, failure, sending);
  }

  /** A service that is not waited for so long is left alone until then, by all clients of a sync. */
  #refuseWhilePutOff(): void {
    const { transfer, now } = this.#settings;
    if (!transfer.deferral) return;
    const { message, status, until } = transfer.deferral;
    const askedWaitMs = until - now();
    if (askedWaitMs > 0)
      throw new HttpError("put off", message, { status, requestedWaitMs: askedWaitMs });
  }

  #retries<Value>(sending: PendingRequest<Value>): IAxiosRetryConfig {
    const { transfer, random, sleep, signal } = this.#settings;
    return {
      retries: sending.retryAttempts,
      retryCondition: ({ cause }) =>
        cause instanceof HttpError && isTransient(cause) && cause.kind !== "put off",
      retryDelay: () => 0,
      onRetry: async (retry, { cause }) => {
        transfer.retries += 1;
        if (!(cause instanceof HttpError) || cause.requestedWaitMs !== undefined) return;
        const milliseconds = Math.round(jitterMs(retry, random));
        this.#waits(milliseconds, cause, sending);
        await sleep(milliseconds, signal);
      },
    };
  }

  #waits<Value>(
    milliseconds: number,
    { message }: HttpError,
    sending: PendingRequest<Value>,
  ): void {
    const { transfer, log } = this.#settings;
    const { where, attempts, retryAttempts } = sending;
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
