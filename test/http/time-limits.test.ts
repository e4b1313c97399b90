import { expect, test } from "vitest";
import { silence, silenceInBody, slowDrip } from "../support/faults.ts";
import { testClient } from "../support/http-client.ts";
import type { RequestHandler } from "../../src/emulators/http-server.ts";
import { startServer } from "../support/http-server.ts";

const body = '{"text":"drop by drop"}';

/** Sends the body one character at a time. */
const dripping: RequestHandler = async (_request, response) => {
  response.writeHead(200);
  for (const character of body) {
    response.write(character);
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  response.end();
};

test("a response may take longer than the silence limit, as long as bytes arrive", async () => {
  await using server = await startServer(dripping);
  const client = testClient(server.url, { silenceTimeoutMs: 400, retryAttempts: 0 });
  expect((await client.getJson("x")).body.text).toBe(body);
});

test("a response may take longer than the connection limit", async () => {
  await using server = await startServer((_request, response) => {
    setTimeout(() => response.end(body), 500);
  });
  const client = testClient(server.url, { connectTimeoutMs: 400, retryAttempts: 0 });
  await client.getJson("x");
  // The connection is reused: no new one has to be made.
  expect((await client.getJson("x")).body.text).toBe(body);
});

test.each([
  [silence, { silenceTimeoutMs: 50 }, "no data for 50 ms"],
  [silenceInBody(body), { silenceTimeoutMs: 50 }, "no data for 50 ms"],
  [slowDrip(5), { requestTimeoutMs: 100 }, "no complete response within 100 ms"],
] as const)(
  "an attempt ends at the first limit it reaches: case %#",
  async (listener, limits, message) => {
    await using server = await startServer(listener);
    const client = testClient(server.url, { ...limits, retryAttempts: 0 });
    await expect(client.getJson("x")).rejects.toThrow(message);
  },
);

test("a request may have a shorter time limit than its client, but no longer one", async () => {
  await using server = await startServer(slowDrip(5));
  const client = testClient(server.url, { requestTimeoutMs: 500, retryAttempts: 5 });
  const request = { retryAttempts: 0, requestTimeoutMs: 100 };
  await expect(client.getJson("x", request)).rejects.toThrow(
    "no complete response within 100 ms; gave up after 1 attempt",
  );
  await expect(client.getJson("x", { retryAttempts: 0, requestTimeoutMs: 60_000 })).rejects.toThrow(
    "no complete response within 500 ms",
  );
});
