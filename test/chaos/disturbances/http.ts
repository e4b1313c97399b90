import { expect } from "vitest";
import {
  respond,
  cutChunks,
  cutGzip,
  cutText,
  failing,
  gzipBomb,
  redirectTo,
  resetBeforeHeaders,
  resetInBody,
  resetInHeaders,
  shortOfContentLength,
  silence,
  silenceInBody,
  slowDrip,
} from "../../support/faults.ts";
import type { RequestHandler } from "../../../src/emulators/http-server.ts";
import { startServer } from "../../support/http-server.ts";
import type { EndedProgram } from "../../support/program.ts";
import type { ChaosRun } from "../chaos-run.ts";
import type { Disturbance, Outcome } from "../disturbance.ts";
import { requestKey, type Exchange } from "../http-proxy.ts";
import { readSnapshot } from "../database-snapshot.ts";

/** Faults that end after one or two responses. */
const temporaryFaults: readonly (readonly [string, (exchange: Exchange) => RequestHandler])[] = [
  ["429 with a negative Retry-After", () => failing(429, { "retry-after": "-5" })],
  ["429 with an invalid Retry-After", () => failing(429, { "retry-after": "soon" })],
  ["429 without a delay", () => failing(429)],
  ["a 500", () => failing(500)],
  ["a 502 with a proxy's HTML page", () => failing(502, {}, "<html>502</html>")],
  ["a 503", () => failing(503)],
  ["a 504", () => failing(504)],
  ["a reset before the headers", () => resetBeforeHeaders],
  ["a reset in the headers", () => resetInHeaders],
  ["a reset after the headers", ({ body }) => resetInBody(body)],
  ["a body shorter than its content-length", ({ body }) => shortOfContentLength(body)],
  ["a chunked body cut short", ({ body }) => cutChunks(body)],
  ["a gzip body cut short", ({ body }) => cutGzip(body)],
  ["a JSON body cut short", ({ body }) => cutText(body)],
  ["HTML with 200", () => respond("<html>log in</html>")],
  ["an empty body with 200", () => respond("")],
  ["broken JSON with 200", () => respond('{"data":[}')],
];

/** Responses that ask the client to wait for a second. */
const delayRequests: readonly (readonly [string, () => RequestHandler])[] = [
  ["429 with Retry-After in seconds", () => failing(429, { "retry-after": "1" })],
  ["429 with Retry-After as a date", () => failing(429, retryInASecond())],
  ["429 with RateLimit-Reset", () => failing(429, { "ratelimit-reset": "1" })],
  ["a 503 with Retry-After", () => failing(503, { "retry-after": "1" })],
];

/** Responses that never end. They need a short time limit, or a round would last minutes. */
const hangs: readonly (readonly [string, (exchange: Exchange) => RequestHandler])[] = [
  ["no response", () => silence],
  ["a body that stalls", ({ body }) => silenceInBody(body)],
  ["one byte a second", () => slowDrip(1000)],
];

/** What a service, and the proxies in front of it, do to an HTTP client. */
export const httpDisturbances: readonly Disturbance[] = [
  ...temporaryFaults.map(([name, fault]) =>
    faulty(name, { fault, times: [1, 2], outcomes: ["completed"] }),
  ),
  ...delayRequests.map(([name, fault]): Disturbance => ({
    name,
    outcomes: ["completed"],
    disturb: (run) => checkDelay(run, fault),
  })),
  ...hangs.map(([name, fault]) =>
    faulty(name, {
      fault,
      times: [1, 1],
      outcomes: ["completed"],
      config: { request_timeout_seconds: 1 },
    }),
  ),
  faulty("a burst of 500, 502, 503 and 504", {
    // Not 501, which means that there is no GraphQL.
    fault: ({ index }) => failing([500, 502, 503, 504][index % 4] ?? 500),
    times: [3, 6],
    outcomes: ["completed", "partial", "failed"],
    config: { retry_attempts: 2 },
  }),
  faulty("a service outage", {
    fault: () => failing(503),
    times: [1e6, 1e6],
    outcomes: ["partial", "failed"],
    config: { retry_attempts: 1 },
  }),
  {
    name: "429 with a Retry-After of a day",
    outcomes: ["partial", "failed"],
    async disturb(run) {
      injectFault(run, { fault: () => failing(429, { "retry-after": "86400" }), times: [1, 1] });
      const ended = await run.startAndWait();
      if (run.happened) expect(ended.stderr).toMatch(/asks to wait .*; try again after 20\d\d-/);
      return ended;
    },
  },
  faulty("401 during a sync", {
    fault: () => failing(401, {}, { errors: [{ message: "the key was revoked" }] }),
    times: [1e6, 1e6],
    outcomes: ["config error"],
  }),
  faulty("a gzip bomb", {
    fault: () => gzipBomb(65 * 2 ** 20),
    times: [1, 1],
    outcomes: ["completed", "partial", "failed"],
  }),
  faulty("a redirect loop", {
    fault: ({ request }) => redirectTo(request.url.href),
    times: [1e6, 1e6],
    outcomes: ["partial", "failed"],
  }),
  {
    name: "a redirect to another host, which receives nothing",
    outcomes: ["completed", "partial", "failed"],
    async disturb(run) {
      await using other = await startServer(respond("{}"));
      const fault = ({ request: { url } }: Exchange): RequestHandler =>
        redirectTo(new URL(url.pathname + url.search, other.url).href, 307);
      injectFault(run, { fault, times: [1, 3] });
      const ended = await run.startAndWait();
      expect(other.requests).toEqual([]);
      return ended;
    },
  },
  {
    name: "one object always fails",
    outcomes: ["partial"],
    requiredFault: "brokenObject",
    disturb: breakOneObject,
  },
];

interface FaultOptions {
  readonly fault: (exchange: Exchange) => RequestHandler;
  /** Number of consecutive responses that are replaced. */
  readonly times: readonly [least: number, most: number];
}

interface FaultyOptions extends FaultOptions {
  readonly outcomes: readonly Outcome[];
  readonly config?: Readonly<Record<string, unknown>>;
}

function faulty(name: string, { outcomes, config = {}, ...fault }: FaultyOptions): Disturbance {
  return {
    name,
    outcomes,
    async disturb(run) {
      injectFault(run, fault);
      return await run.startAndWait({ config });
    },
  };
}

function injectFault(run: ChaosRun, { fault, times }: FaultOptions): void {
  const { proxy, random } = run;
  const from = proxy.responseCount + random.smallCount();
  const to = from + random.between(...times);
  run.happened = false;
  proxy.fault = (exchange) => {
    const { index } = exchange;
    if (index < from || index >= to) return undefined;
    run.happened = true;
    return fault(exchange);
  };
}

/** A request that must wait is not retried within a second. */
async function checkDelay(run: ChaosRun, fault: () => RequestHandler): Promise<EndedProgram> {
  const sentAt = new Map<string, number>();
  const tooEarly: number[] = [];
  injectFault(run, {
    times: [1, 2],
    fault: ({ request }) => {
      sentAt.set(requestKey(request), performance.now());
      return fault();
    },
  });
  run.proxy.onRequest = (request) => {
    const waited = performance.now() - (sentAt.get(requestKey(request)) ?? -Infinity);
    if (waited < 990) tooEarly.push(waited);
  };
  const ended = await run.startAndWait();
  expect(tooEarly, "milliseconds before a request was retried").toEqual([]);
  return ended;
}

/** Only the rows of the broken object may be missing. */
async function breakOneObject(run: ChaosRun): Promise<EndedProgram> {
  const { service, storage, proxy } = run;
  const repair = service.faults.brokenObject?.(run.random);
  run.happened = false;
  proxy.onResponse = ({ status, body }) => {
    run.happened ||= status >= 500 || /"errors":\[|Cannot be read/.test(body);
  };
  try {
    const ended = await run.startAndWait({ config: { retry_attempts: 1 } });
    const { liveKeys } = await readSnapshot(storage, service.keyColumns);
    for (const [table, keys] of Object.entries(service.storableKeys())) {
      const accounted = new Set([
        ...(liveKeys[table] ?? []),
        ...(service.brokenKeys()[table] ?? []),
      ]);
      expect(
        keys.filter((key) => !accounted.has(key)),
        `${table}: missing rows of other objects`,
      ).toEqual([]);
    }
    return ended;
  } finally {
    repair?.();
  }
}

function retryInASecond(): Record<string, string> {
  const now = Date.now();
  const [date, until] = [now, now + 1000].map((at) => new Date(at).toUTCString());
  return { date: date ?? "", "retry-after": until ?? "" };
}
