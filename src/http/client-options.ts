import { sleep } from "../core/sleep.ts";
import type { Log } from "../core/log.ts";
import type { RequestStats } from "../core/request-stats.ts";
import type { TimeLimits } from "./deadline.ts";
import type { HttpError } from "./http-error.ts";
import type { Remedies } from "./request-error.ts";

export interface ClientOptions extends Partial<TimeLimits> {
  /** Paths are appended to it. */
  readonly baseUrl: string;
  /** Sent with every request. Values of 8 characters and more count as secret: messages never show them. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Further values that messages never show, for example a key that goes into the query. */
  readonly secrets?: readonly string[];
  /** Milliseconds for one attempt from its start to the last byte of the answer. Default: 120 s. */
  readonly requestTimeoutMs?: number;
  /** Milliseconds without a byte after which an attempt is given up. Default: 30 s. */
  readonly silenceTimeoutMs?: number;
  /** Milliseconds for name, connection and TLS handshake. Default: 10 s. */
  readonly connectTimeoutMs?: number;
  /** How often a request is sent again after it failed in a way that passes. Default: 6. */
  readonly retryAttempts?: number;
  /** Upper limit of requests at the same time; the client uses fewer while the service cannot keep up. Default: 8. */
  readonly concurrency?: number;
  /** The longest wait, in milliseconds, that a service may ask for; above it the request fails at once. Default: 5 min. */
  readonly maxWaitMs?: number;
  /** Bytes of an answer, unpacked, above which it is given up. Default: 64 MiB. */
  readonly maxResponseBytes?: number;
  /** What to do about a status that is for a person to mend, appended to its error: `{ 401: "check opik.COMET_OPIK_API_KEY" }`. */
  readonly remedies?: Remedies;
  /** Whether another status than 401 and 403 is for a person to mend; `where` is `GET https://host/path`. */
  readonly mustChange?: (failure: HttpError, where: string) => boolean;
  readonly transfer: RequestStats;
  readonly log: Log;
  /** Stops everything at once; its reason is what every request then throws. */
  readonly signal: AbortSignal;
  /** For tests: a number from 0 up to 1, milliseconds since 1970, and a pause. */
  readonly random?: () => number;
  readonly now?: () => number;
  readonly sleep?: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

export function settingsOf(options: ClientOptions): ClientSettings {
  return {
    headers: {},
    secrets: [],
    requestTimeoutMs: 120000,
    silenceTimeoutMs: 30000,
    connectTimeoutMs: 10000,
    retryAttempts: 6,
    concurrency: 8,
    maxWaitMs: 5 * 60000,
    maxResponseBytes: 64 * 2 ** 20,
    remedies: {},
    mustChange: () => false,
    random: Math.random,
    now: Date.now,
    sleep,
    ...options,
  };
}

export type ClientSettings = Required<ClientOptions>;
