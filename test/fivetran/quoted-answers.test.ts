import type { ServiceError } from "@grpc/grpc-js";
import { describe, expect, test } from "vitest";
import type { RequestHandler } from "../../src/emulators/http-server.ts";
import { countly } from "../../src/sources/countly/source.ts";
import { opik } from "../../src/sources/opik/source.ts";
import { wandb } from "../../src/sources/wandb/source.ts";
import { failing, respond } from "../support/faults.ts";
import { startServer } from "../support/http-server.ts";
import { connect, type WireResponse } from "./client.ts";
import { memorySource } from "./memory-source.ts";
import { serveSource } from "./serving.ts";

const quote = "hunter2-of-another-host";

/** What a host may answer that a caller of `serve` must not read. */
const answers: readonly (readonly [string, RequestHandler])[] = [
  ...[400, 401, 403, 404, 409, 429, 500, 503].map(
    (status) => [`${status}`, failing(status, {}, { message: quote })] as const,
  ),
  ["plain text", failing(404, {}, quote)],
  ["a title", failing(403, {}, `<html><title>${quote}</title></html>`)],
  ["a web page", respond(`<html><title>${quote}</title></html>`)],
  ["another host", failing(302, { location: `https://${quote}.example/` })],
  ["a redirect in a loop", failing(302, { location: `/${quote}?${quote}` })],
  ["an invalid redirect", failing(302, { location: `http://${quote}:x` })],
  ["other text", respond(quote)],
  ["JSON that ends early", respond(`{"${quote}": "${quote}`)],
  ["JSON of another shape", respond({ [quote]: quote, data: quote, errors: quote })],
  ["errors", respond({ errors: [{ message: quote }], code: 500, message: quote })],
  ["an unknown field", respond({ errors: [{ message: `Cannot query field "${quote}"` }] })],
  ["a content encoding", respond("{}", { "content-encoding": quote })],
  ["lists of other things", respond({ content: [quote], items: [{ id: { [quote]: quote } }] })],
  [
    "apps of other names",
    respond({ admin_of: { [quote]: { _id: quote } }, user_of: {}, result: quote }),
  ],
  [
    "projects of other shapes",
    respond({ data: { viewer: { [quote]: 1 }, project: quote, models: { edges: quote } } }),
  ],
];

describe.each([
  ["W&B", wandb, { api_key: "k".repeat(40), entity: "e", project: "p" }],
  ["Opik", opik, { COMET_OPIK_API_KEY: "key" }],
  ["Countly", countly, { api_key: "a".repeat(32), app_id: "b".repeat(24) }],
] as const)("no caller reads what a host answered to %s", (_name, source, settings) => {
  test.each(answers)("with %s", async (_what, answer) => {
    await using service = await startServer(answer);
    await using served = await serveSource(source);
    using client = connect(served.port);
    const configuration = { ...settings, base_url: service.url, retry_attempts: "0" };
    const told: unknown[] = [
      await client.test("connect", configuration),
      await client.test("select", configuration),
    ];
    const call = client.update({ configuration });
    try {
      for await (const response of call) {
        const { task, warning } = response as WireResponse;
        told.push(task, warning);
      }
    } catch (error) {
      told.push((error as ServiceError).details);
    }
    expect(JSON.stringify(told)).not.toContain(quote.slice(0, 7));
    expect(service.requests.length).toBeGreaterThan(0);
  });

  test("but its status and the remedy, and the operator's log has the rest", async () => {
    await using service = await startServer(failing(401, {}, { message: quote }));
    await using served = await serveSource(source);
    using client = connect(served.port);
    const configuration = { ...settings, base_url: service.url, retry_attempts: "0" };
    const { failure } = await client.test("connect", configuration);
    expect(failure).toMatch(/^the service responded with status 401; check .*key/i);
    expect(served.lines.join("")).toContain(quote);
  });
});

test("a caller gets the number of rows that could not be sent, without their keys and reasons", async () => {
  const columns = { id: "string", words: "string" } as const;
  const rejected = ["a", "b"].map((id) => ({
    key: `["${id} ${quote}"]`,
    payload: quote,
    reason: `expected a number, got "${quote}"`,
  }));
  await using served = await serveSource(memorySource({ columns, read: [{ rows: [], rejected }] }));
  const { warnings } = await served.sync();
  expect(warnings).toEqual([
    "things: 2 rows could not be read or sent; the log of the connector has the reasons",
  ]);
  expect(served.lines.join("")).toContain(quote);
});

test("a caller reads nothing of a bug either", async () => {
  const check = (): Promise<void> => Promise.reject(new SyntaxError(`odd token in "${quote}"`));
  const columns = { id: "string" } as const;
  await using served = await serveSource(memorySource({ columns, read: [], check }));
  using client = connect(served.port);
  expect(await client.test("connect", {})).toMatchObject({
    failure: "an error in the connector; the log of the connector has the reason",
  });
  expect(served.lines.join("")).toContain(quote);
});
