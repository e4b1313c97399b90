import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { ConfigError, SourceError, TransientError } from "../../src/core/errors.ts";
import { isTooLarge, statusOf } from "../../src/http/http-error.ts";
import { respond, failing, gzipBomb, inTurn, redirectTo } from "../support/faults.ts";
import { testClient } from "../support/http-client.ts";
import type { RequestHandler } from "../../src/emulators/http-server.ts";
import { startServer } from "../support/http-server.ts";

describe("a request", () => {
  test("sends path, parameters and headers, and returns the body as it was spelled", async () => {
    await using server = await startServer(respond('{"n": 1.50, "big": 12345678901234567890}'));
    const client = testClient(`${server.url}/api`, {
      headers: { authorization: "the-secret-key" },
    });
    const got = await client.getJson("v1/x", { query: { page: 1, size: undefined } });
    expect(got).toMatchObject({
      body: { text: '{"n": 1.50, "big": 12345678901234567890}', bytes: 40 },
      value: { n: 1.5 },
      status: 200,
      headers: { "content-type": "application/json" },
    });
    const [request] = server.requests;
    expect(request).toMatchObject({ method: "GET", headers: { authorization: "the-secret-key" } });
    expect(request?.url.href).toBe(`${server.url}/api/v1/x?page=1`);
  });

  test("posts JSON, or a form", async () => {
    await using server = await startServer(respond({}));
    const client = testClient(server.url);
    await client.postJson("x", { json: { limit: 1, text: " é" } });
    await client.post("x", { form: { a: "1 & 2", b: ["x", "y"] } });
    expect(server.requests).toMatchObject([
      {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: '{"limit":1,"text":" é"}',
      },
      {
        headers: { "content-type": "application/x-www-form-urlencoded" },
        body: "a=1+%26+2&b=x&b=y",
      },
    ]);
  });

  test("returns text that is not JSON unchanged", async () => {
    const text = " line\r\n\u00e4 \u{1f600}\n";
    await using server = await startServer(respond(text));
    expect((await testClient(server.url).get("x")).value).toBe(text);
  });

  test.each([
    ["gzip", gzipSync],
    ["deflate", deflateSync],
    ["br", brotliCompressSync],
    ["identity", (bytes: Buffer) => bytes],
  ])("decompresses %s", async (encoding, compress) => {
    const text = JSON.stringify({ text: "ä".repeat(100_000) });
    await using server = await startServer((_request, response) => {
      response.writeHead(200, { "content-encoding": encoding }).end(compress(Buffer.from(text)));
    });
    const client = testClient(server.url);
    const got = await client.getJson("x");
    expect(got.body.text).toBe(text);
    expect(got.body.bytes).toBe(Buffer.byteLength(text));
    expect(client.transfer.bytes).toBe(Buffer.byteLength(text));
    expect(server.requests[0]?.headers["accept-encoding"]).toBe("gzip, deflate, br");
  });

  test("reuses a connection", async () => {
    const ports = new Set<number | undefined>();
    await using server = await startServer((_request, response) => {
      ports.add(response.socket?.remotePort);
      response.end("{}");
    });
    const client = testClient(server.url);
    for (let times = 0; times < 5; times += 1) await client.getJson("x");
    expect(ports.size).toBe(1);
  });

  test("waits while the limit of parallel requests is reached", async () => {
    const waiting: (() => void)[] = [];
    let maximum = 0;
    await using server = await startServer((_request, response) => {
      waiting.push(() => response.end("{}"));
      maximum = Math.max(maximum, waiting.length);
      if (waiting.length === 3) for (const end of waiting.splice(0)) setImmediate(end);
    });
    const client = testClient(server.url, { concurrency: 3 });
    await Promise.all(Array.from({ length: 30 }, () => client.getJson("x")));
    expect(maximum).toBe(3);
    expect(client.transfer.requests).toBe(30);
  });

  test("is logged without its parameters", async () => {
    await using server = await startServer(respond("{}"));
    const client = testClient(server.url);
    await client.getJson("x", { query: { api_key: "the-secret-key" } });
    expect(client.entries).toMatchObject([
      {
        level: "debug",
        message: `GET ${server.url}/x: 200, 0 ms, 2 bytes`,
        fields: { status: 200, bytes: 2 },
      },
    ]);
  });
});

describe("an error status", () => {
  test.each([
    [401, ConfigError, "401: bad key; check the key"],
    [403, ConfigError, "403: bad key; look at opik.workspace"],
    [404, SourceError, "404: bad key"],
    [400, SourceError, "400: bad key"],
    [422, SourceError, "422: bad key"],
  ])("%i is final", async (status, type, message) => {
    await using server = await startServer(failing(status, {}, { message: "bad key" }));
    const client = testClient(server.url, { remedies: { 403: "look at opik.workspace" } });
    const error = await client.getJson("x").catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(type);
    expect(error).toHaveProperty("message", `GET ${server.url}/x: ${message}`);
    expect(statusOf(error)).toBe(status);
    expect(server.requests).toHaveLength(1);
  });

  test("is a ConfigError if the source says so", async () => {
    await using server = await startServer(failing(404, {}, { message: "Workspace not found" }));
    const client = testClient(server.url, {
      mustChange: ({ message }) => /workspace/i.test(message),
    });
    await expect(client.getJson("x")).rejects.toThrow(ConfigError);
  });

  test("is reported even if its body breaks off", async () => {
    await using server = await startServer((_request, response) => {
      response.writeHead(404, { "content-length": 100 });
      response.write("half", () => response.socket?.end());
    });
    await expect(testClient(server.url).get("x")).rejects.toThrow(/: 404$/);
  });

  test("is reported even if its body never arrives", async () => {
    await using server = await startServer((_request, response) => {
      response.writeHead(404, { "content-length": 100 }).flushHeaders();
    });
    const client = testClient(server.url, { silenceTimeoutMs: 50 });
    await expect(client.get("x")).rejects.toThrow(/: 404$/);
  });

  test("does not pause other requests unless it is transient", async () => {
    await using server = await startServer(
      inTurn(failing(403, { "retry-after": "60" }), respond("{}")),
    );
    const client = testClient(server.url);
    await expect(client.getJson("x")).rejects.toThrow(ConfigError);
    await client.getJson("x");
    expect(client.sleeps).toEqual([]);
  });
});

describe("a response that is too large", () => {
  const large: RequestHandler = (_request, response) => {
    response.end("x".repeat(2000));
  };
  const declared: RequestHandler = (_request, response) => {
    response.writeHead(200, { "content-length": 2 ** 40 }).flushHeaders();
  };
  test.each([
    ["declared", declared, "1000 bytes"],
    ["sent", large, "1000 bytes"],
    ["decompressed", gzipBomb(2 ** 21), "1000 bytes"],
  ])("fails as soon as it is %s", async (_name, listener, limit) => {
    await using server = await startServer(listener);
    const client = testClient(server.url, { maxResponseBytes: 1000 });
    const error = await client.getJson("x").catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SourceError);
    expect(error).toHaveProperty(
      "message",
      `GET ${server.url}/x: the response is larger than ${limit}`,
    );
    expect(isTooLarge(error)).toBe(true);
    expect(server.requests).toHaveLength(1);
  });

  test("is read if the request allows it", async () => {
    await using server = await startServer(large);
    const client = testClient(server.url, { maxResponseBytes: 1000 });
    expect((await client.get("x", { maxResponseBytes: 2000 })).body.bytes).toBe(2000);
    await expect(client.get("x", { maxResponseBytes: 1999 })).rejects.toSatisfy(isTooLarge);
  });
});

describe("a redirect", () => {
  test("is followed to the same host, with the headers", async () => {
    await using server = await startServer(
      inTurn(redirectTo("/y?b=2"), redirectTo("z", 307), respond("{}")),
    );
    await testClient(server.url, { headers: { authorization: "the-secret-key" } }).getJson("x");
    expect(server.requests.map(({ url }) => url.pathname + url.search)).toEqual([
      "/x",
      "/y?b=2",
      "/z",
    ]);
    expect(server.requests.every(({ headers }) => headers.authorization === "the-secret-key")).toBe(
      true,
    );
  });

  test("to another host is refused, and nothing is sent there", async () => {
    await using other = await startServer(respond("{}"));
    await using server = await startServer(redirectTo(`${other.url}/x?token=the-secret-key`));
    const client = testClient(server.url);
    await expect(client.getJson("x")).rejects.toThrow(
      `GET ${server.url}/x: redirects to another host (${other.url}); the key is not sent there; check base_url`,
    );
    await expect(client.getJson("x")).rejects.toThrow(SourceError);
    expect(other.requests).toEqual([]);
  });

  test.each([
    ["to itself", redirectTo("/x"), 1],
    ["in a loop", inTurn(redirectTo("/y"), redirectTo("/x")), 2],
    [
      "that never ends",
      (request, response) => redirectTo(`${request.url.pathname}x`)(request, response),
      6,
    ],
  ] satisfies [string, RequestHandler, number][])("%s fails", async (_name, listener, requests) => {
    await using server = await startServer(listener);
    await expect(testClient(server.url).getJson("x")).rejects.toThrow(
      "redirects in a loop or too often",
    );
    expect(server.requests).toHaveLength(requests);
  });

  test("of a POST is refused", async () => {
    await using server = await startServer(redirectTo("/y", 307));
    await expect(testClient(server.url).postJson("x", { json: {} })).rejects.toThrow(
      `POST ${server.url}/x: redirects, but only GET requests follow redirects; check base_url`,
    );
    expect(server.requests).toHaveLength(1);
  });

  test("of a POST to another origin names it, so that base_url can be corrected", async () => {
    await using server = await startServer(redirectTo("https://countly.example.com/x", 301));
    await expect(testClient(server.url).postJson("x", { json: {} })).rejects.toThrow(
      "redirects to https://countly.example.com, but only GET requests follow redirects; check base_url",
    );
  });
});

describe("accept", () => {
  test("retries the request if it throws a TransientError", async () => {
    await using server = await startServer(inTurn(respond("half"), respond("whole")));
    const client = testClient(server.url);
    const got = await client.request({
      method: "GET",
      path: "x",
      accept({ text }) {
        if (text === "half") throw new TransientError("half of it");
        return text.length;
      },
    });
    expect(got.value).toBe(5);
    expect(server.requests).toHaveLength(2);
  });

  test("ends the request with any other error it throws", async () => {
    await using server = await startServer(respond("{}"));
    const bug = new TypeError("bug");
    const request = testClient(server.url).request({
      method: "GET",
      path: "x",
      accept: () => {
        throw bug;
      },
    });
    await expect(request).rejects.toBe(bug);
    expect(server.requests).toHaveLength(1);
  });
});
