import { setMaxListeners } from "node:events";
import { AxiosError, type AxiosInstance, type InternalAxiosRequestConfig } from "axios";
import type { IAxiosRetryConfig } from "axios-retry";
import { TransientError } from "../core/errors.ts";
import { newRedactor, redactedError } from "../core/redact.ts";
import { sendOnce } from "./send-once.ts";
import { newAxios } from "./axios-instance.ts";
import { jitterMs } from "./backoff.ts";
import type { Body } from "./body.ts";
import type { ClientSettings } from "./client-options.ts";
import type { Answer, Request } from "./request.ts";
import { HttpError, httpErrorOf, isRetried, isTransient } from "./http-error.ts";
import { Outage } from "./outage.ts";
import { encodedBody } from "./request-body.ts";
import { requestError } from "./request-error.ts";
import { RequestedPauses } from "./requested-pauses.ts";
import { shortLine } from "./service-message.ts";
import { Throttle } from "./throttle.ts";
import { redactedUrl, urlOf } from "./url.ts";

/** A request in progress, through all its attempts. */
interface PendingRequest<Value> {
  readonly request: Request<Value>;
  readonly url: URL;
  readonly where: string;
  readonly retryAttempts: number;
  /** Aborts when an outage begins. One during which the request was made does not count. */
  readonly outage: AbortSignal;
  attempts: number;
  /** When the first attempt began, in milliseconds since 1970. */
  startedAt: number;
  /** How many answers there were before the first attempt. */
  answersBefore: number;
}

/** A service that answers nothing for this long may be down, however few the attempts. */
const outageFromMs = 30_000;

/**
 * Sends requests to one service, with retries and as many in parallel as the service can handle.
 */
export class Sender {
  readonly #settings: ClientSettings;
  readonly #http: AxiosInstance;
  readonly #throttle: Throttle;
  readonly #pauses: RequestedPauses;
  readonly #outage: Outage;
  readonly #redact: (text: string) => string;
  /** Whether a request has ever succeeded. */
  #isUnderstood = false;

  constructor(settings: ClientSettings) {
    const { signal, headers, secrets, concurrency, now, probe } = settings;
    // Every request in progress listens to it: more than ten listeners are no leak.
    setMaxListeners(0, signal);
    const sleep = (milliseconds: number): Promise<void> => settings.sleep(milliseconds, signal);
    this.#settings = settings;
    this.#http = newAxios(settings);
    this.#throttle = new Throttle({ concurrency, now, sleep });
    this.#pauses = new RequestedPauses(settings, this.#throttle);
    this.#outage = new Outage(probe && (() => this.#sendProbe(probe)));
    this.#redact = newRedactor(
      [...Object.values(headers), ...secrets],
      Object.values(settings.publicHeaders),
    );
  }

  /** Sends a request until it succeeds or fails for good. */
  async send<Value>(request: Request<Value>): Promise<Answer<Value>> {
    const { signal } = this.#settings;
    const pending = this.#begin(request);
    try {
      const answer = await this.#sendWithRetries(pending, (config) =>
        this.#throttle.run(() => this.#attempt(config, pending), pending.outage),
      );
      this.#isUnderstood = true;
      return answer;
    } catch (error) {
      signal.throwIfAborted();
      const failure = httpErrorOf(error);
      if (!failure) throw redactedError(error, this.#redact);
      await this.#checkForOutage(failure, pending);
      signal.throwIfAborted();
      const isOutage = this.#outage.isOn;
      const isUnderstood = this.#isUnderstood;
      throw requestError(failure, { ...this.#settings, ...pending, isOutage, isUnderstood });
    }
  }

  #begin<Value>(request: Request<Value>): PendingRequest<Value> {
    const { baseUrl, retryAttempts } = this.#settings;
    const url = urlOf(baseUrl, request.path, request.query);
    return {
      request,
      url,
      where: `${request.method} ${redactedUrl(url)}`,
      retryAttempts: Math.min(retryAttempts, request.retryAttempts ?? Infinity),
      outage: this.#outage.next,
      attempts: 0,
      startedAt: 0,
      answersBefore: 0,
    };
  }

  /** `attempt` is the axios adapter. axios-retry ignores errors without the config. */
  async #sendWithRetries<Value>(
    pending: PendingRequest<Value>,
    attempt: (config: InternalAxiosRequestConfig) => Promise<Answer<Value>>,
  ): Promise<Answer<Value>> {
    const { request, url } = pending;
    const { data: answer } = await this.#http.request<Answer<Value>>({
      method: request.method,
      url: url.href,
      ...encodedBody(request),
      adapter: async (config) => {
        try {
          const data = await attempt(config);
          return { data, status: data.status, statusText: "", headers: {}, config };
        } catch (error) {
          if (!(error instanceof HttpError)) throw error;
          throw Object.assign(new AxiosError(error.message, undefined, config), { cause: error });
        }
      },
      "axios-retry": this.#retries(pending),
    });
    return answer;
  }

  /** A request that gave up early, having fewer attempts, says nothing about the service. */
  async #checkForOutage<Value>(failure: HttpError, pending: PendingRequest<Value>): Promise<void> {
    const { retryAttempts, now } = this.#settings;
    const { attempts, startedAt, answersBefore } = pending;
    // Others that wait have the same wrong address; "outage" would not say so.
    if (failure.kind === "html" && !this.#isUnderstood) return;
    const triedHard = attempts > retryAttempts || now() - startedAt >= outageFromMs;
    if (triedHard && isRetried(failure)) await this.#outage.recordFailure(failure, answersBefore);
  }

  /** The probe does not wait for the requests that it is to spare. */
  async #sendProbe(probe: Request<unknown>): Promise<void> {
    const pending = this.#begin({ ...probe, retryAttempts: 0 });
    await this.#throttle.pauseEnd(pending.outage);
    await this.#sendWithRetries(pending, (config) => this.#attempt(config, pending));
  }

  async #attempt<Value>(
    config: InternalAxiosRequestConfig,
    pending: PendingRequest<Value>,
  ): Promise<Answer<Value>> {
    this.#pauses.throwIfDeferred();
    pending.outage.throwIfAborted();
    if (pending.attempts === 0) {
      pending.startedAt = this.#settings.now();
      pending.answersBefore = this.#outage.answers;
    }
    pending.attempts += 1;
    try {
      const answer = await this.#sendOnce(config, pending);
      this.#outage.recordAnswer();
      return answer;
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      // Whatever of the response it quotes may hold what was sent.
      error.message = shortLine(error.message, this.#redact);
      if (!isTransient(error)) this.#outage.recordAnswer();
      this.#pauses.afterFailure(error, pending);
      this.#pauses.throwIfDeferred();
      throw error;
    }
  }

  async #sendOnce<Value>(
    config: InternalAxiosRequestConfig,
    { request, where }: PendingRequest<Value>,
  ): Promise<Answer<Value>> {
    const { transfer, log, now, maxResponseBytes, requestTimeoutMs, answerMemory } = this.#settings;
    const startedAt = now();
    // Until the answer is parsed; a large one may be held until it is written.
    using share = answerMemory.open();
    const received = await sendOnce(config, {
      ...this.#settings,
      share,
      maxResponseBytes: request.maxResponseBytes ?? maxResponseBytes,
      requestTimeoutMs: Math.min(requestTimeoutMs, request.requestTimeoutMs ?? Infinity),
      redact: this.#redact,
      onSend: () => (transfer.requests += 1),
      onResponse: (status, headers) => {
        this.#pauses.afterResponse(status, headers);
      },
    });
    const { status, body } = received;
    const { bytes } = body;
    transfer.bytes += bytes;
    const ms = now() - startedAt;
    log.debug(`${where}: ${status}, ${ms} ms, ${bytes} bytes`, { status, ms, bytes });
    return { ...received, value: this.#accepted(request, body) };
  }

  /** Runs the request's `accept`; a TransientError fails only the attempt. */
  #accepted<Value>({ accept }: Request<Value>, body: Body): Value {
    try {
      return accept(body);
    } catch (error) {
      if (!(error instanceof TransientError)) throw error;
      throw new HttpError("broken", shortLine(error.message, this.#redact));
    }
  }

  #retries<Value>(pending: PendingRequest<Value>): IAxiosRetryConfig {
    const { transfer, random, sleep, signal } = this.#settings;
    return {
      retries: pending.retryAttempts,
      retryCondition: ({ cause }) =>
        cause instanceof HttpError && isRetried(cause) && !this.#outage.isOn,
      retryDelay: () => 0,
      onRetry: async (retry, { cause }) => {
        transfer.retries += 1;
        if (!(cause instanceof HttpError) || cause.requestedWaitMs !== undefined) return;
        const milliseconds = Math.round(jitterMs(retry, random));
        this.#pauses.logWait(milliseconds, cause, pending);
        await sleep(milliseconds, AbortSignal.any([signal, pending.outage]));
      },
    };
  }
}
