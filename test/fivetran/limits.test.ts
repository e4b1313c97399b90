import { readFileSync } from "node:fs";
import { isIPv6 } from "node:net";
import { networkInterfaces } from "node:os";
import { resolve } from "node:path";
import { status, type ServiceError } from "@grpc/grpc-js";
import { describe, expect, test, vi } from "vitest";
import type { Source } from "../../src/core/source.ts";
import { maxCalls, maxMemoryBytes } from "../../src/fivetran/admission.ts";
import { maxRequestBytes } from "../../src/fivetran/server.ts";
import { isPrivateAddress, newPublicLookup } from "../../src/http/private-address.ts";
import { countly } from "../../src/sources/countly/source.ts";
import { opik } from "../../src/sources/opik/source.ts";
import { wandb } from "../../src/sources/wandb/source.ts";
import { startServer } from "../support/http-server.ts";
import { connect } from "./client.ts";
import { memorySource } from "./memory-source.ts";
import { serveSource } from "./serving.ts";

const failure = (error: unknown): Pick<ServiceError, "code" | "details"> => error as ServiceError;

/** As URLs may spell them. */
const privateHosts = [
  ...["127.0.0.1", "127.1", "2130706433", "0x7f.0.0.1", "0177.0.0.1", "017700000001"],
  ...["localhost", "0.0.0.0", "169.254.169.254", "0xa9fea9fe", "%31%32%37.0.0.1"],
  ...["[::1]", "[::]", "[fd00::1]", "[fe80::1]", "[::ffff:127.0.0.1]", "[::ffff:a9fe:a9fe]"],
];

describe("the host that a caller names", () => {
  test.each([
    ["W&B", wandb, { api_key: "k".repeat(40), entity: "e", project: "p" }],
    ["Opik", opik, { COMET_OPIK_API_KEY: "key" }],
    ["Countly", countly, { api_key: "a".repeat(32), app_id: "b".repeat(24) }],
  ] as const)(
    "is not connected to if it is this machine: %s",
    async (_name, source, configuration) => {
      let requests = 0;
      await using service = await startServer((_request, response) => {
        requests += 1;
        response.writeHead(401).end("secret of the internal host");
      });
      const { port } = new URL(service.url);
      await using served = await serveSource(source, {}, { allowPrivate: false });
      using client = connect(served.port);
      for (const host of privateHosts) {
        const called = {
          ...configuration,
          base_url: `http://${host}:${port}`,
          retry_attempts: "0",
        };
        const answer = await client.test("connect", called);
        expect(answer.failure).toMatch(
          /is this machine or in a private network; .*--allow-private/,
        );
        expect(answer.failure).not.toContain("internal host");
      }
      expect(requests).toBe(0);
    },
  );

  test.each([
    ["0.0.0.0", true],
    ["10.1.2.3", true],
    ["100.64.0.1", true],
    ["127.9.9.9", true],
    ["169.254.169.254", true],
    ["172.31.255.255", true],
    ["172.32.0.0", false],
    ["192.168.0.1", true],
    ["255.255.255.255", true],
    ["8.8.8.8", false],
    ["::", true],
    ["::1", true],
    ["::ffff:10.0.0.1", true],
    ["::ffff:8.8.8.8", false],
    ["::7f00:1", true],
    ["fd00::1", true],
    ["fe80::1", true],
    ["fec0::1", true],
    ["64:ff9b::a9fe:a9fe", true],
    ["64:ff9b::808:808", false],
    ["64:ff9b:1::a9fe:a9fe", true],
    ["fdff:ffff::1", true],
    ["2002:7f00:1::", true],
    ["2606:4700::1111", false],
    ["localhost", false],
  ])("%s is a private address: %s", (address, expected) => {
    expect(isPrivateAddress(address)).toBe(expected);
  });

  test.each([
    ["one of several", [["8.8.8.8", "10.0.0.1"]]],
    ["one of several on IPv6", [["2606:4700::1111", "fd00::1"]]],
    ["the next time", [["8.8.8.8"], ["169.254.169.254"]]],
  ])("is not connected to if its name has a private address: %s", async (_what, answers) => {
    const turns = [...answers];
    const lookup = newPublicLookup((_hostname, _options, callback) => {
      const addresses = turns.shift() ?? [];
      callback(
        null,
        addresses.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 })),
      );
    });
    const lookUp = (all: boolean): Promise<unknown> =>
      new Promise((done, fail) => {
        lookup("rebinding.example", { all }, (error, address) => {
          if (error) fail(error);
          else done(address);
        });
      });
    const isAll = (_answer: unknown, index: number): boolean => index % 2 === 0;
    const outcomes = await Promise.allSettled(answers.map((each, n) => lookUp(isAll(each, n))));
    expect(outcomes.at(-1)).toMatchObject({ reason: { code: "EPRIVATE" } });
    for (const outcome of outcomes.slice(0, -1)) expect(outcome.status).toBe("fulfilled");
  });

  test("is not asked for from a proxy, which would resolve the name itself", async () => {
    await using proxy = await startServer((_request, response) => {
      response.writeHead(401).end();
    });
    await using served = await serveSource(opik, {}, { allowPrivate: false });
    using client = connect(served.port);
    // Connected first: gRPC would use the proxy, too.
    await client.form();
    for (const name of ["http_proxy", "HTTP_PROXY"]) vi.stubEnv(name, proxy.url);
    try {
      const base_url = "http://internal.invalid";
      const configuration = { COMET_OPIK_API_KEY: "key", base_url, retry_attempts: "0" };
      expect((await client.test("connect", configuration)).failure).toMatch(/no connection/);
      expect(proxy.requests).toEqual([]);
    } finally {
      vi.unstubAllEnvs();
    }
  });
});

describe("the server", () => {
  test("has the limits that the documents name", () => {
    const page = readFileSync(resolve("docs/integrate/fivetran.md"), "utf8").replace(/\s+/g, " ");
    expect(page).toContain(
      `At most ${maxCalls} calls run at once, a request has at most ${maxRequestBytes / 2 ** 20} MiB, and calls are refused while the process has more than ${maxMemoryBytes / 2 ** 20} MiB.`,
    );
  });

  test("refuses calls while the process has too much memory, and keeps serving", async () => {
    let bytes = maxMemoryBytes + 1;
    const source = memorySource({ columns: { id: "string" }, read: [] });
    await using served = await serveSource(source, {}, { memory: () => bytes });
    using client = connect(served.port);
    expect(await client.form().then(() => undefined, failure)).toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      details: expect.stringMatching(/need too much memory; try again/) as string,
    });
    bytes = maxMemoryBytes;
    expect((await client.form()).fields).toBeDefined();
  });

  test("listens on all interfaces, or on the one that is named", async () => {
    const others = Object.values(networkInterfaces())
      .flat()
      .filter((each) => each?.internal === false && each.family === "IPv4");
    const other = others[0]?.address ?? "127.0.0.2";
    const source = memorySource({ columns: { id: "string" }, read: [] });
    await using local = await serveSource(source, {}, { host: "127.0.0.1" });
    using client = connect(local.port, "127.0.0.1");
    expect((await client.form()).fields).toBeDefined();
    using stranger = connect(local.port, other);
    expect(failure(await stranger.form().catch(failure)).code).toBe(status.UNAVAILABLE);
  });

  test("refuses a message above 8 MiB, and keeps serving", async () => {
    const source = memorySource({ columns: { id: "string" }, read: [] });
    await using served = await serveSource(source);
    using client = connect(served.port);
    const large = { key: "x".repeat(9 * 2 ** 20) };
    const refused = await client.schema(large).then(() => undefined, failure);
    expect(refused?.code).toBe(status.RESOURCE_EXHAUSTED);
    expect((await client.form()).fields).toBeDefined();
  });

  test("runs at most 64 calls at once, answers others at once, and takes them when these have ended", async () => {
    const waiting: (() => void)[] = [];
    const source: Source = {
      ...memorySource({ columns: { id: "string" }, read: [] }),
      check: () => new Promise<void>((done) => waiting.push(done)),
    };
    await using served = await serveSource(source);
    using first = connect(served.port, "127.0.0.1");
    using second = connect(served.port, "localhost");
    const calls = Array.from({ length: 64 }, () => first.test("connect", { key: "k" }));
    while (waiting.length < 64) await new Promise((done) => setTimeout(done, 5));
    for (const client of [first, second]) {
      const refused = await client.test("connect", { key: "k" }).then(() => undefined, failure);
      expect(refused).toMatchObject({ code: status.RESOURCE_EXHAUSTED });
      expect(refused?.details).toMatch(/^64 calls are running, which is the limit; try again/);
    }
    for (const end of waiting) end();
    for (const answer of await Promise.all(calls)) expect(answer).toMatchObject({ success: true });
    expect((await first.form()).fields).toBeDefined();
  });
});
