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
import type { Bout } from "../chaos-run.ts";
import type { Disturbance, Outcome } from "../disturbance.ts";
import { spelled, type Exchange } from "../http-proxy.ts";
import { readLedger } from "../database-snapshot.ts";

/** Answers that pass: once or twice, and then the service is itself again. */
const passing: readonly (readonly [string, (exchange: Exchange) => RequestHandler])[] = [
  ["429 with a negative Retry-After", () => failing(429, { "retry-after": "-5" })],
  ["429 with a Retry-After without sense", () => failing(429, { "retry-after": "soon" })],
  ["429 that asks for nothing", () => failing(429)],
  ["a 500", () => failing(500)],
  ["a 502 with a page of the proxy", () => failing(502, {}, "<html>502</html>")],
  ["a 503", () => failing(503)],
  ["a 504", () => failing(504)],
  ["a reset before the headers", () => resetBeforeHeaders],
  ["a reset in the headers", () => resetInHeaders],
  ["a reset after the headers", ({ body }) => resetInBody(body)],
  ["a body short of its length", ({ body }) => shortOfContentLength(body)],
  ["chunks that stop", ({ body }) => cutChunks(body)],
  ["gzip that stops", ({ body }) => cutGzip(body)],
  ["JSON that stops", ({ body }) => cutText(body)],
  ["HTML with 200", () => respond("<html>log in</html>")],
  ["nothing with 200", () => respond("")],
  ["broken JSON with 200", () => respond('{"data":[}')],
];

/** Answers that ask to wait for a second. */
const asking: readonly (readonly [string, () => RequestHandler])[] = [
  ["429 with Retry-After in seconds", () => failing(429, { "retry-after": "1" })],
  ["429 with Retry-After as a date", () => failing(429, inASecond())],
  ["429 with RateLimit-Reset", () => failing(429, { "ratelimit-reset": "1" })],
  ["a 503 with Retry-After", () => failing(503, { "retry-after": "1" })],
];

/** Time limits have to be short here, or a round would last minutes. */
const hanging: readonly (readonly [string, (exchange: Exchange) => RequestHandler])[] = [
  ["silence", () => silence],
  ["silence in the body", ({ body }) => silenceInBody(body)],
  ["one byte a second", () => slowDrip(1000)],
];

/** What a service, and all that stands before it, does to an HTTP client. */
export const httpDisturbances: readonly Disturbance[] = [
  ...passing.map(([name, fault]) =>
    faulty(name, { fault, times: [1, 2], outcomes: ["completed"] }),
  ),
  ...asking.map(([name, fault]): Disturbance => ({
    name,
    outcomes: ["completed"],
    disturb: (bout) => askedToWait(bout, fault),
  })),
  ...hanging.map(([name, fault]) =>
    faulty(name, {
      fault,
      times: [1, 1],
      outcomes: ["completed"],
      config: { request_timeout_seconds: 1 },
    }),
  ),
  faulty("a burst of 500, 502, 503 and 504", {
    // Not 501, which says that there is no GraphQL.
    fault: ({ number }) => failing([500, 502, 503, 504][number % 4] ?? 500),
    times: [3, 6],
    outcomes: ["completed", "partial", "failed"],
    config: { retry_attempts: 2 },
  }),
  faulty("a service that goes down", {
    fault: () => failing(503),
    times: [1e6, 1e6],
    outcomes: ["partial", "failed"],
    config: { retry_attempts: 1 },
  }),
  {
    name: "429 with Retry-After of a day",
    outcomes: ["partial", "failed"],
    async disturb(bout) {
      hit(bout, { fault: () => failing(429, { "retry-after": "86400" }), times: [1, 1] });
      const ended = await bout.run();
      if (bout.happened) expect(ended.stderr).toMatch(/asks to wait .*; try again after 20\d\d-/);
      return ended;
    },
  },
  faulty("401 in the middle", {
    fault: () => failing(401, {}, { errors: [{ message: "the key was revoked" }] }),
    times: [1e6, 1e6],
    outcomes: ["must change"],
  }),
  faulty("a gzip bomb", {
    fault: () => gzipBomb(65 * 2 ** 20),
    times: [1, 1],
    outcomes: ["completed", "partial", "failed"],
  }),
  faulty("a redirect in a circle", {
    fault: ({ request }) => redirectTo(request.url.href),
    times: [1e6, 1e6],
    outcomes: ["partial", "failed"],
  }),
  {
    name: "a redirect to another host, which hears nothing",
    outcomes: ["completed", "partial", "failed"],
    async disturb(bout) {
      await using other = await startServer(respond("{}"));
      const fault = ({ request: { url } }: Exchange): RequestHandler =>
        redirectTo(new URL(url.pathname + url.search, other.url).href, 307);
      hit(bout, { fault, times: [1, 3] });
      const ended = await bout.run();
      expect(other.requests).toEqual([]);
      return ended;
    },
  },
  {
    name: "one object always fails",
    outcomes: ["partial"],
    trap: "breaks",
    disturb: oneBroken,
  },
];

interface Hit {
  readonly fault: (exchange: Exchange) => RequestHandler;
  /** How many answers are hit, one after the other. */
  readonly times: readonly [least: number, most: number];
}

interface Faulty extends Hit {
  readonly outcomes: readonly Outcome[];
  readonly config?: Readonly<Record<string, unknown>>;
}

function faulty(name: string, { outcomes, config = {}, ...what }: Faulty): Disturbance {
  return {
    name,
    outcomes,
    async disturb(bout) {
      hit(bout, what);
      return await bout.run({ config });
    },
  };
}

function hit(bout: Bout, { fault, times }: Hit): void {
  const { proxy, random } = bout;
  const from = proxy.answers + random.smallCount();
  const to = from + random.between(...times);
  bout.happened = false;
  proxy.fault = (exchange) => {
    const { number } = exchange;
    if (number < from || number >= to) return undefined;
    bout.happened = true;
    return fault(exchange);
  };
}

/** The request that was asked to wait does not come again before a second has passed. */
async function askedToWait(bout: Bout, fault: () => RequestHandler): Promise<EndedProgram> {
  const asked = new Map<string, number>();
  const tooEarly: number[] = [];
  hit(bout, {
    times: [1, 2],
    fault: ({ request }) => {
      asked.set(spelled(request), performance.now());
      return fault();
    },
  });
  bout.proxy.onRequest = (request) => {
    const waited = performance.now() - (asked.get(spelled(request)) ?? -Infinity);
    if (waited < 990) tooEarly.push(waited);
  };
  const ended = await bout.run();
  expect(tooEarly, "milliseconds after which a request came again").toEqual([]);
  return ended;
}

/** Of all that there is, only what belongs to the object is missing. */
async function oneBroken(bout: Bout): Promise<EndedProgram> {
  const { service, storage, proxy } = bout;
  const mend = service.traps.breaks?.(bout.random);
  bout.happened = false;
  proxy.onAnswer = ({ status, body }) => {
    bout.happened ||= status >= 500 || /"errors":\[|Cannot be read/.test(body);
  };
  try {
    const ended = await bout.run({ config: { retry_attempts: 1 } });
    const { standing } = await readLedger(storage, service.keys);
    for (const [table, keys] of Object.entries(service.held())) {
      const there = new Set([...(standing[table] ?? []), ...(service.broken()[table] ?? [])]);
      expect(
        keys.filter((key) => !there.has(key)),
        `${table}: others that are missing`,
      ).toEqual([]);
    }
    return ended;
  } finally {
    mend?.();
  }
}

function inASecond(): Record<string, string> {
  const now = Date.now();
  const [date, until] = [now, now + 1000].map((at) => new Date(at).toUTCString());
  return { date: date ?? "", "retry-after": until ?? "" };
}
