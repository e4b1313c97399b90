import { getEventListeners } from "node:events";
import { describe, expect, test } from "vitest";
import { sleep } from "../../src/core/sleep.ts";
import { respond, failing, silence, silenceInBody, slowDrip } from "../support/faults.ts";
import { testClient } from "../support/http-client.ts";
import type { RequestHandler } from "../../src/emulators/http-server.ts";
import { startServer } from "../support/http-server.ts";

const reason = new Error("stopped by a person");

describe.each([
  ["that wait for the response", silence],
  ["that read a body", silenceInBody("x".repeat(100_000))],
  ["that read a body that drips", slowDrip(1)],
  ["that sleep before a retry", failing(503)],
  ["that the service asks to wait", failing(429, { "retry-after": "60" })],
] satisfies [string, RequestHandler][])("requests %s", (_name, listener) => {
  test("end at once with the reason, and so do queued ones", async () => {
    await using server = await startServer(listener);
    const client = testClient(server.url, {
      sleep,
      random: () => 1,
      concurrency: 2,
      now: Date.now,
    });
    const requests = Array.from({ length: 20 }, () => client.getJson("x"));
    const ended = Promise.allSettled(requests);
    while (server.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setTimeout(resolve, 30));
    const sent = server.requests.length;
    client.abort(reason);
    for (const result of await ended) expect(result).toEqual({ status: "rejected", reason });
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(server.requests.length).toBeLessThanOrEqual(sent + 2);
  });
});

test("no request is sent after the abort", async () => {
  await using server = await startServer(respond("{}"));
  const client = testClient(server.url);
  client.abort(reason);
  await expect(client.getJson("x")).rejects.toBe(reason);
  expect(server.requests).toEqual([]);
});

test("a reason that is not an error is thrown as it is", async () => {
  await using server = await startServer(silence);
  const client = testClient(server.url);
  const request = client.getJson("x");
  client.abort(null);
  await expect(request).rejects.toBe(null);
});

test("many parallel requests leak no listeners", async () => {
  const warnings: string[] = [];
  const listen = (warning: Error): number => warnings.push(warning.message);
  process.on("warning", listen);
  await using server = await startServer(respond("{}"));
  const { signal } = new AbortController();
  const client = testClient(server.url, { concurrency: 50, signal });
  await Promise.all(Array.from({ length: 200 }, () => client.getJson("x")));
  await new Promise((resolve) => setImmediate(resolve));
  process.off("warning", listen);
  expect(warnings).toEqual([]);
  expect(getEventListeners(signal, "abort")).toEqual([]);
});
