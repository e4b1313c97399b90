import { describe, expect, test } from "vitest";
import type { RequestHandler } from "../../src/emulators/http-server.ts";
import { failing, failTimes, respond } from "../support/faults.ts";
import { testClient, type TestClient } from "../support/http-client.ts";
import { startServer } from "../support/http-server.ts";

/** Requests are paced by what the service says it still allows, before it refuses any. */

const reports = (remaining: number, seconds: number): Record<string, string> => ({
  "ratelimit-remaining": String(remaining),
  "ratelimit-reset": String(seconds),
});

const paced = ({ entries }: TestClient): string[] =>
  entries
    .filter(({ message }) => /allows no more requests/.test(message))
    .map(({ level }) => level);

/** A server that answers each request with the headers that it is given for it. */
function startReporting(headersOf: (request: number) => Record<string, string>) {
  let requests = 0;
  return startServer((request, response) => {
    requests += 1;
    return respond("{}", headersOf(requests))(request, response);
  });
}

describe("once a service allows no more requests", () => {
  test("the next one waits for the reset, and nothing is refused", async () => {
    await using server = await startReporting((request) => reports(request === 1 ? 0 : 30, 12));
    const client = testClient(server.url);
    await client.getJson("x");
    await client.getJson("x");
    expect(client.sleeps).toEqual([12_000]);
    expect(client.transfer).toMatchObject({ requests: 2, retries: 0, waitedMs: 12_000 });
    expect(client.transfer.pausedUntil).toBe(Date.UTC(2026, 0, 1) + 12_000);
  });

  test("it is said once, however often it happens", async () => {
    await using server = await startReporting(() => reports(0, 12));
    const client = testClient(server.url);
    for (let requests = 0; requests < 4; requests += 1) await client.getJson("x");
    expect(paced(client)).toEqual(["info", "debug", "debug", "debug"]);
    expect(client.entries.find(({ level }) => level === "info")?.message).toBe(
      `${server.url}: its rate limit "requests" allows no more requests for 12 s; requests are paced`,
    );
  });

  test("a wait above the longest is left to the service to ask for", async () => {
    await using server = await startReporting(() => reports(0, 301));
    const client = testClient(server.url);
    await client.getJson("x");
    await client.getJson("x");
    expect([client.sleeps, paced(client)]).toEqual([[], []]);
  });

  test("an error that is no refusal tells it, too", async () => {
    await using server = await startServer(
      failTimes(1, failing(404, reports(0, 12)), respond("{}")),
    );
    const client = testClient(server.url);
    await expect(client.getJson("x")).rejects.toThrow("404");
    await client.getJson("x");
    expect(client.sleeps).toEqual([12_000]);
  });

  test("a refusal waits once, and is logged as a refusal", async () => {
    await using server = await startServer(
      failTimes(1, failing(429, reports(0, 12)), respond("{}")),
    );
    const client = testClient(server.url);
    await client.getJson("x");
    expect([client.sleeps, paced(client)]).toEqual([[12_000], []]);
    expect(client.entries.filter(({ level }) => level === "warning")).toHaveLength(1);
  });

  test("an interruption ends the wait", async () => {
    await using server = await startReporting(() => reports(0, 200));
    const controller = new AbortController();
    const { signal } = controller;
    const waits: number[] = [];
    const sleep = (milliseconds: number, until: AbortSignal): Promise<void> =>
      new Promise((_resolve, reject) => {
        waits.push(milliseconds);
        until.addEventListener("abort", () => {
          reject(until.reason as Error);
        });
      });
    const client = testClient(server.url, { signal, sleep });
    await client.getJson("x");
    const waiting = client.getJson("x");
    controller.abort(new Error("interrupted"));
    await expect(waiting).rejects.toThrow("interrupted");
    expect([waits, server.requests.length]).toEqual([[200_000], 1]);
  });
});

/** A service with a fixed window, and others who use its budget too. */
interface Window {
  readonly allowed: number;
  readonly ms: number;
  /** Requests of others with each of ours. */
  readonly others: number;
}

interface WindowedServer {
  readonly handler: RequestHandler;
  refused: number;
  windows: number;
  maxInFlight: number;
}

function windowed({ allowed, ms, others }: Window): WindowedServer {
  let [used, endsAt, inFlight] = [0, 0, 0];
  const server: WindowedServer = {
    refused: 0,
    windows: 0,
    maxInFlight: 0,
    async handler(request, response) {
      if (performance.now() >= endsAt) {
        [used, endsAt] = [0, performance.now() + ms];
        server.windows += 1;
      }
      const isRefused = used >= allowed;
      used += isRefused ? 0 : 1 + others;
      server.refused += Number(isRefused);
      const left = endsAt - performance.now();
      const headers = {
        "ratelimit-remaining": String(Math.max(0, allowed - used)),
        "ratelimit-reset": String(Math.max(1, Math.ceil(left)) / 1000),
      };
      inFlight += 1;
      server.maxInFlight = Math.max(server.maxInFlight, inFlight);
      await new Promise((resolve) => setTimeout(resolve, 2));
      inFlight -= 1;
      const answer = isRefused ? failing(429, headers) : respond("{}", headers);
      return answer(request, response);
    },
  };
  return server;
}

/** In real time: many parallel requests against a window. */
async function readAll(count: number, window: Window): Promise<WindowedServer> {
  const service = windowed(window);
  await using server = await startServer(service.handler);
  const client = testClient(server.url, {
    concurrency: 8,
    now: Date.now,
    sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds + 2)),
  });
  await Promise.all(Array.from({ length: count }, () => client.getJson("x")));
  return service;
}

test("many parallel requests use up window after window, and none is refused", async () => {
  const { refused, windows, maxInFlight } = await readAll(100, {
    ...{ allowed: 20, ms: 400, others: 0 },
  });
  expect([refused, maxInFlight]).toEqual([0, 8]);
  expect(windows).toBeGreaterThanOrEqual(5);
});

test("a budget that others use up, too, is shared with few refusals", async () => {
  const { refused } = await readAll(60, { allowed: 40, ms: 150, others: 1 });
  // Others may take the last request while ours is under way.
  expect(refused).toBeLessThanOrEqual(8);
});
