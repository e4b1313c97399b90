import { describe, expect, test } from "vitest";
import { ConfigError, TransientError } from "../../src/core/errors.ts";
import type { Body } from "../../src/http/body.ts";
import { isOverload, statusOf } from "../../src/http/http-error.ts";
import { parseJson } from "../../src/http/json-body.ts";
import {
  respond,
  cutChunks,
  cutGzip,
  cutText,
  failing,
  failTimes,
  resetBeforeHeaders,
  resetInBody,
  resetInHeaders,
  shortOfContentLength,
  silence,
  silenceInBody,
  slowDrip,
} from "../support/faults.ts";
import { testClient } from "../support/http-client.ts";
import type { RequestHandler } from "../../src/emulators/http-server.ts";
import { startServer } from "../support/http-server.ts";

const body = JSON.stringify({ rows: Array.from({ length: 1000 }, (_, id) => ({ id })) });

const notUtf8: RequestHandler = (_request, response) => {
  response.end(Buffer.from('{"a":"\xff"}', "latin1"));
};

const faults: readonly [string, RequestHandler][] = [
  ["a 408", failing(408)],
  ["a 425", failing(425)],
  ["a 429", failing(429)],
  ["a 500", failing(500)],
  ["a 502 with a page of the proxy", failing(502, {}, "<html><title>502</title></html>")],
  ["a 503", failing(503)],
  ["a 504", failing(504)],
  ["a reset before the response", resetBeforeHeaders],
  ["a reset within the headers", resetInHeaders],
  ["a reset within the body", resetInBody(body)],
  ["a body that is shorter than declared", shortOfContentLength(body)],
  ["chunks that stop", cutChunks(body)],
  ["gzip that stops", cutGzip(body)],
  ["JSON that stops", cutText(body)],
  ["an empty body", respond("")],
  ["bytes that are not UTF-8", notUtf8],
  ["an unsupported content encoding", respond(body, { "content-encoding": "zstd" })],
  ["silence", silence],
  ["silence within the body", silenceInBody(body)],
  ["a drip that never ends", slowDrip(5)],
];

describe.each(faults)("%s", (name, fault) => {
  // Short limits only for the slow faults: a busy machine must not fail the others.
  const isSlow = /silence|drip/.test(name);
  const limits = isSlow ? { silenceTimeoutMs: 300, requestTimeoutMs: 600 } : {};

  test.each(["get", "post"] as const)("is retried for a %s", async (method) => {
    await using server = await startServer(failTimes(2, fault, respond(body)));
    const client = testClient(server.url, limits);
    const { body: got } = await client[`${method}Json`]("x");
    expect(got.text).toBe(body);
    expect(client.transfer).toMatchObject({ requests: 3, retries: 2, waitedMs: 500 + 1000 });
    expect(client.sleeps).toEqual([500, 1000]);
  });

  test("ends with a TransientError after the last retry", async () => {
    await using server = await startServer(fault);
    const client = testClient(server.url, { ...limits, retryAttempts: 1 });
    const error = await client.getJson("x").catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TransientError);
    expect(error).toHaveProperty("message", expect.stringContaining("gave up after 2 attempts"));
    expect(server.requests).toHaveLength(2);
  });
});

describe("HTML with a 200", () => {
  const html = respond("<html>log in</html>");

  test("is retried", async () => {
    await using server = await startServer(failTimes(2, html, respond(body)));
    const client = testClient(server.url);
    expect((await client.getJson("x")).body.text).toBe(body);
    expect(client.sleeps).toEqual([500, 1000]);
  });

  test("is a wrong base_url, if the client never got anything else", async () => {
    await using server = await startServer(html);
    const client = testClient(server.url, { retryAttempts: 1 });
    for (let requests = 0; requests < 2; requests += 1) {
      const error = await client.getJson("x").catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(ConfigError);
      expect(error).toHaveProperty(
        "message",
        `GET ${server.url}/x: expected JSON, got HTML; gave up after 2 attempts; check base_url: it must lead to the API, not to its web pages`,
      );
    }
  });

  test("has the remedy of the source", async () => {
    await using server = await startServer(html);
    const remedies = { html: "check opik.base_url" };
    const client = testClient(server.url, { retryAttempts: 0, remedies });
    await expect(client.getJson("x")).rejects.toThrow(/attempt; check opik\.base_url$/);
  });

  test("is a passing fault, if the API has answered before", async () => {
    await using server = await startServer(failTimes(1, respond("{}"), html));
    const client = testClient(server.url, { retryAttempts: 1 });
    await client.getJson("x");
    const error = await client.getJson("x").catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TransientError);
  });

  test("is a wrong base_url for all of several parallel requests, even if a probe fails", async () => {
    await using server = await startServer(html);
    const probe = {
      method: "GET",
      path: "probe",
      accept: ({ text }: Body) => parseJson(text),
    } as const;
    const client = testClient(server.url, { retryAttempts: 2, probe });
    const requests = Array.from({ length: 5 }, async () =>
      client.getJson("x").catch((thrown: unknown) => thrown),
    );
    for (const error of await Promise.all(requests)) expect(error).toBeInstanceOf(ConfigError);
  });
});

test.each([
  [failing(500), true],
  [silence, true],
  [cutChunks(body), true],
  [failing(429), false],
  [resetBeforeHeaders, false],
  [failing(404), false],
])("knows whether a smaller request might succeed", async (fault, expected) => {
  await using server = await startServer(fault);
  const client = testClient(server.url, { retryAttempts: 0, silenceTimeoutMs: 50 });
  const error = await client.getJson("x").catch((thrown: unknown) => thrown);
  expect(isOverload(error)).toBe(expected);
});

test("retries no more often than the request allows", async () => {
  await using server = await startServer(failing(500));
  await expect(testClient(server.url).getJson("x", { retryAttempts: 0 })).rejects.toThrow(
    "gave up after 1 attempt",
  );
  expect(server.requests).toHaveLength(1);
});

describe("the wait that a service asks for", () => {
  const day = 86_400;
  test.each([
    ["Retry-After in seconds", { "retry-after": "7" }, 7000],
    [
      "Retry-After as a date",
      { "retry-after": "Thu, 01 Jan 2026 00:00:09 GMT", date: "Thu, 01 Jan 2026 00:00:00 GMT" },
      9000,
    ],
    ["RateLimit-Reset", { "ratelimit-reset": "30" }, 30_000],
    ["jitter, if it is nonsense", { "retry-after": "-1" }, 500],
  ])("is %s", async (_name, headers, waited) => {
    await using server = await startServer(failTimes(1, failing(429, headers), respond("{}")));
    const client = testClient(server.url);
    await client.getJson("x");
    expect(client.sleeps).toEqual([waited]);
    expect(client.transfer.waitedMs).toBe(waited);
  });

  test("is logged as a warning from two seconds on", async () => {
    const body = { code: 429, message: "Too Many Requests" };
    await using server = await startServer(
      failTimes(
        2,
        failing(429, { "ratelimit-reset": "5" }, body),
        failing(429, { "ratelimit-reset": "1" }, body),
      ),
    );
    const client = testClient(server.url, { retryAttempts: 3 });
    await expect(client.getJson("x")).rejects.toThrow(TransientError);
    const warnings = client.entries.filter(({ level }) => level === "warning");
    expect(warnings.map(({ message }) => message)).toEqual([
      `GET ${server.url}/x: 429: Too Many Requests, waiting 5 s (attempt 1 of 4)`,
      `GET ${server.url}/x: 429: Too Many Requests, waiting 5 s (attempt 2 of 4)`,
    ]);
  });

  test("fails the request if it is longer than allowed", async () => {
    await using server = await startServer(
      failing(429, { "retry-after": String(day) }, "slow down"),
    );
    const client = testClient(server.url);
    const error = await client.getJson("x").catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TransientError);
    expect(error).toHaveProperty(
      "message",
      `GET ${server.url}/x: 429: slow down; the service asks to wait 24 h; try again after 2026-01-02T00:00:00Z`,
    );
    expect(statusOf(error)).toBe(429);
    expect(client.sleeps).toEqual([]);
    expect(server.requests).toHaveLength(1);
  });

  test.each([429, 503])("fails all requests unsent if it is too long, %i", async (status) => {
    await using server = await startServer(
      failTimes(1, failing(status, { "retry-after": String(day) }), respond("{}")),
    );
    const client = testClient(server.url);
    const until = "the service asks to wait 24 h; try again after 2026-01-02T00:00:00Z";
    for (const path of ["x", "y"]) {
      const error = await client.getJson(path).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({
        message: `GET ${server.url}/${path}: ${status}; ${until}`,
        isOutage: true,
      });
      expect(isOverload(error)).toBe(false);
    }
    expect(server.requests).toHaveLength(1);
  });

  test("applies to every request of the client, and counts once", async () => {
    const pauses: (() => void)[] = [];
    await using server = await startServer(
      failTimes(4, failing(429, { "retry-after": "60" }), respond("{}")),
    );
    const client = testClient(server.url, {
      concurrency: 4,
      sleep: () => new Promise((resolve) => pauses.push(resolve)),
    });
    const first = Array.from({ length: 4 }, () => client.getJson("first"));
    await waitFor(() => server.requests.length === 4 && pauses.length === 1);
    const later = Array.from({ length: 20 }, () => client.getJson("later"));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(server.requests).toHaveLength(4);
    pauses[0]?.();
    await Promise.all([...first, ...later]);
    expect(server.requests).toHaveLength(28);
    expect(client.transfer).toMatchObject({ requests: 28, retries: 4, waitedMs: 60_000 });
  });
});

async function waitFor(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

describe("a service that is unreachable", () => {
  test("is named with host and port", async () => {
    const server = await startServer(respond("{}"));
    await server.close();
    const client = testClient(server.url, { retryAttempts: 2 });
    const { host } = new URL(server.url);
    await expect(client.getJson("x")).rejects.toThrow(
      `GET ${server.url}/x: could not connect to ${host} (ECONNREFUSED); gave up after 3 attempts; check base_url and that the service is running`,
    );
    expect(client.sleeps).toEqual([500, 1000]);
  });

  test("is distinguished from one whose host name is unknown", async () => {
    const client = testClient("http://nobody.invalid", { retryAttempts: 0 });
    await expect(client.getJson("x")).rejects.toThrow(
      /could not connect to nobody\.invalid:80 \((ENOTFOUND|EAI_AGAIN)\)/,
    );
  });
});
