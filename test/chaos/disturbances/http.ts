import { expect } from "vitest";
import {
  answer,
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
import type { Listener } from "../../../src/demo/listen.ts";
import { startServer } from "../../support/http-server.ts";
import type { Bout } from "../bout.ts";
import type { Disturbance, Outcome } from "../disturbance.ts";
import type { Exchange } from "../http-proxy.ts";

/** Answers that pass: once or twice, and then the service is itself again. */
const passing: readonly (readonly [string, (exchange: Exchange) => Listener])[] = [
  ["429 with Retry-After in seconds", () => failing(429, { "retry-after": "1" })],
  ["429 with Retry-After as a date", () => failing(429, inASecond())],
  ["429 with a negative Retry-After", () => failing(429, { "retry-after": "-5" })],
  ["429 with a Retry-After without sense", () => failing(429, { "retry-after": "soon" })],
  ["429 that asks for nothing", () => failing(429)],
  ["429 with RateLimit-Reset", () => failing(429, { "ratelimit-reset": "1" })],
  ["a 500", () => failing(500)],
  ["a 502 with a page of the proxy", () => failing(502, {}, "<html>502</html>")],
  ["a 503", () => failing(503)],
  ["a 503 with Retry-After", () => failing(503, { "retry-after": "1" })],
  ["a 504", () => failing(504)],
  ["a reset before the headers", () => resetBeforeHeaders],
  ["a reset in the headers", () => resetInHeaders],
  ["a reset after the headers", ({ body }) => resetInBody(body)],
  ["a body short of its length", ({ body }) => shortOfContentLength(body)],
  ["chunks that stop", ({ body }) => cutChunks(body)],
  ["gzip that stops", ({ body }) => cutGzip(body)],
  ["JSON that stops", ({ body }) => cutText(body)],
  ["HTML with 200", () => answer("<html>log in</html>")],
  ["nothing with 200", () => answer("")],
  ["broken JSON with 200", () => answer('{"data":[}')],
];

/** Time limits have to be short here, or a round would last minutes. */
const hanging: readonly (readonly [string, (exchange: Exchange) => Listener])[] = [
  ["silence", () => silence],
  ["silence in the body", ({ body }) => silenceInBody(body)],
  ["one byte a second", () => slowDrip(1000)],
];

/** What a service, and all that stands before it, does to an HTTP client. */
export const httpDisturbances: readonly Disturbance[] = [
  ...passing.map(([name, fault]) =>
    faulty(name, { fault, times: [1, 2], outcomes: ["completed"] }),
  ),
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
    outcomes: ["completed", "partial", "failed"],
    config: { retry_attempts: 1 },
  }),
  faulty("429 with Retry-After of a day", {
    fault: () => failing(429, { "retry-after": "86400" }),
    times: [1, 1],
    outcomes: ["completed", "partial", "failed"],
  }),
  faulty("401 in the middle", {
    fault: () => failing(401, {}, { errors: [{ message: "the key was revoked" }] }),
    times: [1e6, 1e6],
    outcomes: ["completed", "must change"],
  }),
  faulty("a gzip bomb", {
    fault: () => gzipBomb(65 * 2 ** 20),
    times: [1, 1],
    outcomes: ["completed", "partial", "failed"],
  }),
  faulty("a redirect in a circle", {
    fault: ({ request }) => redirectTo(request.url.href),
    times: [1e6, 1e6],
    outcomes: ["completed", "partial", "failed"],
  }),
  {
    name: "a redirect to another host, which hears nothing",
    outcomes: ["completed", "partial", "failed"],
    async disturb(bout) {
      await using other = await startServer(answer("{}"));
      const fault = ({ request: { url } }: Exchange): Listener =>
        redirectTo(new URL(url.pathname + url.search, other.url).href, 307);
      hit(bout, { fault, times: [1, 3] });
      const ended = await bout.run();
      expect(other.requests).toEqual([]);
      return ended;
    },
  },
  {
    name: "one object always fails",
    outcomes: ["completed", "partial", "failed"],
    trap: "breaks",
    async disturb(bout) {
      const mend = bout.service.traps.breaks?.(bout.random);
      try {
        return await bout.run({ config: { retry_attempts: 1 } });
      } finally {
        mend?.();
      }
    },
  },
];

interface Hit {
  readonly fault: (exchange: Exchange) => Listener;
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

function hit({ proxy, random }: Bout, { fault, times }: Hit): void {
  const from = proxy.answers + random.moment();
  const to = from + random.between(...times);
  proxy.fault = (exchange) => {
    const { number } = exchange;
    return number >= from && number < to ? fault(exchange) : undefined;
  };
}

function inASecond(): Record<string, string> {
  const now = Date.now();
  const [date, until] = [now, now + 1000].map((at) => new Date(at).toUTCString());
  return { date: date ?? "", "retry-after": until ?? "" };
}
