import { describe, expect, test } from "vitest";
import { newLog } from "../../../src/core/log.ts";
import { newRequestStats } from "../../../src/core/request-stats.ts";
import { opikClient } from "../../../src/sources/opik/client.ts";
import { opikConfig } from "../../../src/sources/opik/config.ts";
import { opikBudgets } from "../../../src/sources/opik/rate-limits.ts";
import type { RequestHandler } from "../../../src/emulators/http-server.ts";
import { failing, failTimes, respond } from "../../support/faults.ts";
import { startServer } from "../../support/http-server.ts";

/** The headers of a bucket as Opik sends them. */
const bucket = (name: string, remaining: number | string, ttlMs: number | string) => ({
  [`opik-${name}-limit`]: `${name}_limit`,
  [`opik-${name}-remaining-limit`]: String(remaining),
  [`opik-${name}-remaining-limit-ttl-millis`]: String(ttlMs),
});

describe("the budgets of a response", () => {
  test("are those of all its buckets", () => {
    const headers = { ...bucket("workspace", 4999, 60_000), ...bucket("get-traces", 0, 1234) };
    expect(opikBudgets(headers, 0)).toEqual([
      { name: "workspace", remaining: 4999, resetMs: 60_000 },
      { name: "get-traces", remaining: 0, resetMs: 1234 },
    ]);
  });

  test.each([
    {},
    bucket("user", "many", 1000),
    bucket("user", 5, -2),
    bucket("user", 5, 0),
    { "opik-user-remaining-limit": "5" },
    { "ratelimit-reset": "1" },
  ])("are none in %j", (headers) => {
    expect(opikBudgets(headers, 0)).toEqual([]);
  });
});

/** How long a client waited for two requests. */
async function waitedMs(handler: RequestHandler): Promise<number> {
  await using server = await startServer(handler);
  const transfer = newRequestStats();
  const { signal } = new AbortController();
  const config = opikConfig.parse({ base_url: server.url, retry_attempts: 1 });
  const client = opikClient(config, { log: newLog(() => undefined), transfer, signal });
  for (let requests = 0; requests < 2; requests += 1) await client.getJson("v1/private/projects");
  return transfer.waitedMs;
}

test("a refused request waits by the milliseconds, not by the rounded seconds", async () => {
  const headers = { ...bucket("workspace", 0, 70), ...bucket("user", 9, 5000) };
  const refused = failing(429, { "ratelimit-reset": "1", ...headers });
  expect(await waitedMs(failTimes(1, refused, respond("{}")))).toBe(70);
});

test("a client waits before it is refused", async () => {
  const last = respond("{}", bucket("workspace", 0, 40));
  expect(await waitedMs(failTimes(1, last, respond("{}", bucket("workspace", 9, 40))))).toBe(40);
});
