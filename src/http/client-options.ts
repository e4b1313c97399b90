import { sleep } from "../core/sleep.ts";
import type { Log } from "../core/log.ts";
import type { RequestStats } from "../core/request-stats.ts";
import { answerMemory, type AnswerMemory } from "./answer-memory.ts";
import { standardBudgets, type BudgetReader } from "./budget.ts";
import type { TimeLimits } from "./deadline.ts";
import type { HttpError } from "./http-error.ts";
import type { Request } from "./request.ts";
import type { Remedies } from "./request-error.ts";

/** How a client talks to its service. */
export interface ClientOptions extends Partial<TimeLimits> {
  /** Paths are appended to it. */
  readonly baseUrl: string;
  /** Sent with every request. Values of 4 characters or more are redacted in messages. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent with every request, too, but no secrets: messages may show their values. */
  readonly publicHeaders?: Readonly<Record<string, string>>;
  /** Further values to redact in messages, for example a key that is sent in the query. */
  readonly secrets?: readonly string[];
  /** Time limit of one attempt, up to the last byte of the response. Default: 120 s. */
  readonly requestTimeoutMs?: number;
  /** An attempt fails after this time without a byte. Default: 30 s. */
  readonly silenceTimeoutMs?: number;
  /** Time limit for DNS lookup, connection and TLS handshake. Default: 10 s. */
  readonly connectTimeoutMs?: number;
  /** Retries after a temporary failure. Default: 6. */
  readonly retryAttempts?: number;
  /** Maximum parallel requests; reduced when the service slows down. Default: 8. */
  readonly concurrency?: number;
  /** The longest pause a service may ask for; above it, requests fail at once. Default: 5 min. */
  readonly maxWaitMs?: number;
  /**
   * Reads from a response how many more requests the service allows, so that it need not refuse
   * any. Default: `RateLimit-Remaining` and `RateLimit-Reset`.
   */
  readonly budgets?: BudgetReader;
  /** Whether to refuse connections to this machine and to private networks. Default: false. */
  readonly publicOnly?: boolean;
  /** Size limit of a response body, decompressed. Default: 64 MiB. */
  readonly maxResponseBytes?: number;
  /**
   * Remedies by status, appended to its ConfigError: `{ 401: "check opik.COMET_OPIK_API_KEY" }`.
   */
  readonly remedies?: Remedies;
  /**
   * Whether a status other than 401 and 403 is a ConfigError too. `where` is
   * `GET https://host/path`.
   */
  readonly mustChange?: (failure: HttpError, where: string) => boolean;
  /**
   * A cheap request that the service answers whenever it works, if only with a refusal. It is sent
   * once when a request has failed in every attempt, or for half a minute, and nothing was answered
   * meanwhile: if it fails too, that is an outage. Without a probe, only an unreachable service and
   * a 429 are.
   */
  readonly probe?: Request<unknown>;
  /** For tests: the memory for the answers of all clients. */
  readonly answerMemory?: AnswerMemory;
  /** Where to count requests. */
  readonly transfer: RequestStats;
  readonly log: Log;
  /** Aborts everything at once; all requests then throw its reason. */
  readonly signal: AbortSignal;
  /** For tests: a number in [0, 1). */
  readonly random?: () => number;
  /** For tests: milliseconds since 1970. */
  readonly now?: () => number;
  /** For tests. */
  readonly sleep?: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

/** Adds the defaults. */
export function settingsOf(options: ClientOptions): ClientSettings {
  return {
    headers: {},
    publicHeaders: {},
    secrets: [],
    requestTimeoutMs: 120_000,
    silenceTimeoutMs: 30_000,
    connectTimeoutMs: 10_000,
    retryAttempts: 6,
    concurrency: 8,
    maxWaitMs: 5 * 60_000,
    budgets: standardBudgets,
    publicOnly: false,
    maxResponseBytes: 64 * 2 ** 20,
    answerMemory,
    remedies: {},
    mustChange: () => false,
    random: Math.random,
    now: Date.now,
    sleep,
    ...options,
  };
}

/** Client options with all defaults filled in. */
export type ClientSettings = Required<Omit<ClientOptions, "probe">> & Pick<ClientOptions, "probe">;
