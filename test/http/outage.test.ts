import { describe, expect, test } from "vitest";
import { z } from "zod";
import { TransientError } from "../../src/core/errors.ts";
import { newLog } from "../../src/core/log.ts";
import type { RequestHandler } from "../../src/emulators/http-server.ts";
import type { Client } from "../../src/http/client.ts";
import type { ClientOptions } from "../../src/http/client-options.ts";
import { GraphqlClient, graphqlProbe } from "../../src/http/graphql.ts";
import { parseJson } from "../../src/http/json-body.ts";
import { PageSize } from "../../src/http/paging/page-size.ts";
import type { Request } from "../../src/http/request.ts";
import {
  cutText,
  failing,
  failTimes,
  inTurn,
  resetBeforeHeaders,
  respond,
  silence,
} from "../support/faults.ts";
import { testClient } from "../support/http-client.ts";
import { startServer, type TestServer } from "../support/http-server.ts";

const probe: Request<unknown> = {
  method: "GET",
  path: "ping",
  accept: ({ text }) => parseJson(text),
};
const retryAttempts = 5;
const attempts = 1 + retryAttempts;

/** Answers paths that begin with a key by its handler; all others with an empty object. */
function byPath(handlers: Readonly<Record<string, RequestHandler>>): RequestHandler {
  const ok = respond("{}");
  return (request, response) => {
    const found = Object.entries(handlers).find(([path]) =>
      request.url.pathname.startsWith(`/${path}`),
    );
    return (found?.[1] ?? ok)(request, response);
  };
}

function sent(server: TestServer, path: string): number {
  return server.requests.filter(({ url }) => url.pathname === `/${path}`).length;
}

async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

/** Runs the tasks, at most `width` at a time, and returns their errors. */
async function inParallel(
  tasks: readonly (() => Promise<unknown>)[],
  width: number,
): Promise<unknown[]> {
  const queue = [...tasks];
  const errors: unknown[] = [];
  const work = async (): Promise<void> => {
    for (let task = queue.shift(); task; task = queue.shift()) errors.push(await failureOf(task()));
  };
  await Promise.all(Array.from({ length: width }, work));
  return errors;
}

function runTasks(count: number, send: (path: string) => Promise<unknown>) {
  return Array.from({ length: count }, (_, index) => () => send(`run-${index}`));
}

const outage = expect.objectContaining({ name: "TransientError", isOutage: true }) as unknown;

const faults: readonly [string, RequestHandler][] = [
  ["429", failing(429)],
  ["429 with a pause", failing(429, { "retry-after": "5" })],
  ["502", failing(502, {}, "<html><title>502</title></html>")],
  ["503 with a pause", failing(503, { "retry-after": "5" })],
  ["a reset", resetBeforeHeaders],
  ["half of an answer", cutText('{"rows":[]}')],
];

describe.each(faults)("a service that sends nothing but %s", (_name, fault) => {
  test("takes one request all attempts to find out, and the 59 others one each", async () => {
    await using server = await startServer(fault);
    const client = testClient(server.url, { retryAttempts, probe, concurrency: 8 });
    const errors = await inParallel(
      runTasks(60, (path) => client.getJson(path)),
      8,
    );
    expect(errors).toEqual(Array.from({ length: 60 }, () => outage));
    expect(server.requests.length).toBeLessThanOrEqual(8 * attempts + 1 + 52);
    expect(sent(server, "ping")).toBeLessThanOrEqual(1);
  });
});

test("a service that never answers is found out within the attempts of one request", async () => {
  await using server = await startServer(silence);
  const client = testClient(server.url, { retryAttempts: 1, probe, silenceTimeoutMs: 30 });
  const errors = await inParallel(
    runTasks(9, (path) => client.getJson(path)),
    3,
  );
  expect(errors).toEqual(Array.from({ length: 9 }, () => outage));
  expect(server.requests.length).toBeLessThanOrEqual(3 * 2 + 1 + 6);
});

test("half a minute without an answer is an outage, even if a request has one attempt", async () => {
  await using server = await startServer(silence);
  const client = testClient(server.url, {
    retryAttempts,
    probe,
    requestTimeoutMs: 40,
    now: () => performance.now() * 1000,
  });
  expect(await failureOf(client.getJson("x", { retryAttempts: 0 }))).toEqual(outage);
  expect(server.requests.map(({ url }) => url.pathname)).toEqual(["/x", "/ping"]);
});

test("an error in every answer of a GraphQL service is an outage", async () => {
  await using server = await startServer(respond({ errors: [{ message: "overloaded" }] }));
  const client = testClient(server.url, { retryAttempts, probe: graphqlProbe });
  const graphql = new GraphqlClient(
    client,
    newLog(() => undefined, "warning"),
  );
  const query = { query: () => "{ run }", variables: {}, shape: z.unknown() };
  expect(await failureOf(graphql.request(query))).toEqual(outage);
  expect(await failureOf(graphql.request(query))).toEqual(outage);
  expect(server.requests).toHaveLength(attempts + 1 + 1);
  expect(server.requests.map(({ body }) => body)).toContain('{"query":"{ __typename }"}');
});

describe("when an outage begins", () => {
  test("a request that waits to be sent again fails at once", async () => {
    await using server = await startServer(failing(502));
    let isFirst = true;
    const client = testClient(server.url, {
      retryAttempts,
      probe,
      sleep: (_milliseconds, signal) => {
        if (!isFirst) return Promise.resolve();
        isFirst = false;
        return untilAborted(signal);
      },
    });
    const waiting = failureOf(client.getJson("waiting"));
    await until(() => !isFirst);
    await expect(client.getJson("x")).rejects.toThrow("gave up after 6 attempts");
    expect(await waiting).toMatchObject({
      message: `GET ${server.url}/waiting: 502; gave up because the service fails all requests`,
      isOutage: true,
    });
    expect(sent(server, "waiting")).toBe(1);
  });

  test("a request that waits for the end of a pause fails unsent", async () => {
    await using server = await startServer(failing(429, { "retry-after": "60" }));
    const client = testClient(server.url, {
      retryAttempts: 0,
      concurrency: 1,
      sleep: (_milliseconds, signal) => untilAborted(signal),
    });
    const errors = await Promise.all(["x", "y"].map((path) => failureOf(client.getJson(path))));
    expect(errors).toEqual([outage, outage]);
    expect(server.requests).toHaveLength(1);
  });
});

describe("an outage", () => {
  test("ends with the next answer; requests then have all their attempts again", async () => {
    const flaky = inTurn(failing(502), failing(502), respond("{}"));
    await using server = await startServer(
      byPath({ down: failing(502), ping: failing(502), flaky, gone: failing(404) }),
    );
    const client = testClient(server.url, { retryAttempts, probe });
    expect(await failureOf(client.getJson("down"))).toEqual(outage);
    expect(await failureOf(client.getJson("down"))).toEqual(outage);
    expect(sent(server, "down")).toBe(attempts + 1);
    await expect(client.getJson("gone")).rejects.toThrow(/404/);
    await client.getJson("flaky");
    expect(sent(server, "flaky")).toBe(3);
  });

  test("can begin again", async () => {
    await using server = await startServer(byPath({ down: failing(429) }));
    const client = testClient(server.url, { retryAttempts });
    for (const times of [1, 2]) {
      await client.getJson("up");
      expect(await failureOf(client.getJson("down"))).toEqual(outage);
      expect(sent(server, "down")).toBe(times * attempts);
    }
  });
});

describe("a request that fails alone is no outage", () => {
  async function expectNoOutage(
    handlers: Readonly<Record<string, RequestHandler>>,
    options: Partial<ClientOptions> = { probe },
    send: (client: Client) => Promise<unknown> = (client) => client.getJson("poisoned"),
  ): Promise<TestServer> {
    const flaky = failTimes(retryAttempts, failing(502), respond("{}"));
    const server = await startServer(byPath({ poisoned: failing(502), flaky, ...handlers }));
    const client = testClient(server.url, { retryAttempts, ...options });
    const error = await failureOf(send(client));
    expect(error).toBeInstanceOf(TransientError);
    expect(error).toHaveProperty("isOutage", false);
    await client.getJson("flaky");
    return server;
  }

  test.each([200, 400, 401, 403, 404])("if the probe is answered with %i", async (status) => {
    await using server = await expectNoOutage({ ping: respond("{}", {}, status) });
    expect(sent(server, "ping")).toBe(1);
    expect(sent(server, "poisoned")).toBe(attempts);
  });

  test("if others were answered meanwhile: then there is no probe", async () => {
    const between = async (client: Client): Promise<unknown> => {
      const poisoned = client.getJson("poisoned");
      await Promise.all([failureOf(poisoned), client.getJson("fine")]);
      return poisoned;
    };
    await using server = await expectNoOutage(
      { ping: failing(502) },
      { probe, concurrency: 1 },
      between,
    );
    expect(sent(server, "ping")).toBe(0);
  });

  test("if it had fewer attempts than the client allows", async () => {
    await using server = await expectNoOutage({ ping: failing(502) }, { probe }, (client) =>
      client.getJson("poisoned", { retryAttempts: 0 }),
    );
    expect(sent(server, "poisoned")).toBe(1);
    expect(sent(server, "ping")).toBe(0);
  });

  test("if the client has no probe", async () => {
    await using server = await expectNoOutage({}, {});
    expect(sent(server, "poisoned")).toBe(attempts);
  });
});

test("requests that fail together share a probe", async () => {
  const answerLate: RequestHandler = async (_request, response) => {
    await until(() => server.requests.length > 8 * attempts);
    response.end("{}");
  };
  await using server = await startServer(byPath({ run: failing(502), ping: answerLate }));
  const client = testClient(server.url, { retryAttempts, probe, concurrency: 8 });
  const errors = await inParallel(
    runTasks(8, (path) => client.getJson(path)),
    8,
  );
  expect(errors).toEqual(
    Array.from({ length: 8 }, () => expect.objectContaining({ isOutage: false }) as unknown),
  );
  expect(sent(server, "ping")).toBe(1);
});

test.each([
  ["is requested in smaller pages if the service works", respond("{}"), 3],
  ["is not requested smaller during an outage", failing(502), 1],
])("a page that always fails %s", async (_name, ping, sizes) => {
  await using server = await startServer(byPath({ page: failing(502), ping }));
  const client = testClient(server.url, { retryAttempts, probe });
  const size = new PageSize(64);
  const asked: number[] = [];
  const error = await failureOf(
    size.requestWithSmallerPages(() => {
      asked.push(size.rows);
      return client.getJson("page", size.limits);
    }),
  );
  expect(error).toHaveProperty("isOutage", sizes === 1);
  expect(asked).toHaveLength(sizes);
});

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => {
      reject(signal.reason as Error);
    });
  });
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
