import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { requestedWaitMs, jitterMs } from "../../src/http/backoff.ts";

const now = Date.UTC(2026, 0, 1, 12);
const inTenSeconds = "Thu, 01 Jan 2026 12:00:10 GMT";

describe("the wait that a response asks for", () => {
  test.each([
    ["seconds", { "retry-after": "5" }, 5000],
    ["fractions of a second", { "retry-after": "0.5" }, 500],
    ["an HTTP date", { "retry-after": inTenSeconds }, 10_000],
    [
      "an HTTP date, by the clock of the server",
      { "retry-after": inTenSeconds, date: "Thu, 01 Jan 2026 12:00:07 GMT" },
      3000,
    ],
    ["Retry-After before RateLimit-Reset", { "retry-after": "2", "ratelimit-reset": "9" }, 2000],
    ["RateLimit-Reset in seconds", { "ratelimit-reset": "30" }, 30_000],
    ["RateLimit-Reset since 1970", { "ratelimit-reset": String(now / 1000 + 7) }, 7000],
    [
      "RateLimit-Reset if Retry-After is nonsense",
      { "retry-after": "soon", "ratelimit-reset": "4" },
      4000,
    ],
    ["nothing", {}, undefined],
    ["zero, as nothing", { "retry-after": "0" }, undefined],
    ["a negative time, as nothing", { "retry-after": "-5" }, undefined],
    [
      "a time in the past, as nothing",
      { "retry-after": "Thu, 01 Jan 2026 11:59:59 GMT" },
      undefined,
    ],
    ["a reset in the past, as nothing", { "ratelimit-reset": String(now / 1000 - 7) }, undefined],
    ["garbage, as nothing", { "retry-after": "1.5.2026" }, undefined],
    ["an empty header, as nothing", { "retry-after": "" }, undefined],
  ])("is read from %s", (_name, headers, expected) => {
    expect(requestedWaitMs({ status: 429, headers }, now)).toBe(expected);
  });

  describe("of a 429 with budgets", () => {
    const budgets = [
      { name: "user", remaining: 3, resetMs: 90_000 },
      { name: "workspace", remaining: 0, resetMs: 5900 },
      { name: "project", remaining: -1, resetMs: 1200 },
    ];
    const wait = (headers: Record<string, string>, status = 429) =>
      requestedWaitMs({ status, headers, budgets }, now);

    test("lasts until those that are used up are reset, RateLimit-Reset being rounded", () => {
      expect(wait({ "ratelimit-reset": "5" })).toBe(5900);
    });

    test("is what Retry-After says, if that is there", () => {
      expect(wait({ "retry-after": "7", "ratelimit-reset": "5" })).toBe(7000);
    });

    test("is RateLimit-Reset, if none is used up", () => {
      const [user] = budgets;
      const head = {
        status: 429,
        headers: { "ratelimit-reset": "5" },
        budgets: user ? [user] : [],
      };
      expect(requestedWaitMs(head, now)).toBe(5000);
    });

    test("does not concern other statuses", () => {
      expect(wait({}, 503)).toBeUndefined();
    });
  });

  test("ignores RateLimit-Reset unless the status is 429", () => {
    expect(
      requestedWaitMs({ status: 500, headers: { "ratelimit-reset": "30" } }, now),
    ).toBeUndefined();
    expect(requestedWaitMs({ status: 503, headers: { "retry-after": "30" } }, now)).toBe(30_000);
  });

  test("is a positive finite number or undefined, whatever the header", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (retryAfter, reset) => {
        const headers = { "retry-after": retryAfter, "ratelimit-reset": reset };
        const wait = requestedWaitMs({ status: 429, headers }, now) ?? 1;
        expect(wait).toBeGreaterThan(0);
        expect(wait).toBeLessThan(Infinity);
      }),
    );
  });
});

test("jitter ranges from 0 to a ceiling that doubles up to a minute", () => {
  const ceilings = [1, 2, 3, 6, 7, 20].map((retry) => jitterMs(retry, () => 1));
  expect(ceilings).toEqual([1000, 2000, 4000, 32_000, 60_000, 60_000]);
  expect(jitterMs(20, () => 0)).toBe(0);
});
