import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { TransientError } from "../../src/core/errors.ts";
import {
  respond,
  cutChunks,
  cutGzip,
  failing,
  gzipBomb,
  redirectTo,
  resetBeforeHeaders,
  resetInBody,
  silence,
} from "../support/faults.ts";
import { testClient } from "../support/http-client.ts";
import type { Body } from "../../src/http/body.ts";
import type { RequestHandler } from "../../src/emulators/http-server.ts";
import { startServer } from "../support/http-server.ts";

const secret = "opik-key-0123456789";

/** A service whose error messages repeat what it was sent. */
const echo = (status: number): RequestHandler => {
  return (request, response) => {
    const message = `${request.headers.authorization ?? ""} ${request.url.href} ${request.body}`;
    return failing(status, {}, { message })(request, response);
  };
};

const faults: readonly [string, RequestHandler][] = [
  ...[400, 401, 403, 404, 429, 500].map((status): [string, RequestHandler] => [
    `a ${status}`,
    echo(status),
  ]),
  ["a wait of a day", failing(429, { "retry-after": "86400" })],
  ["a reset", resetBeforeHeaders],
  ["a body that is cut", resetInBody("x".repeat(100))],
  ["chunks that stop", cutChunks("x".repeat(100))],
  ["gzip that stops", cutGzip("x".repeat(100))],
  ["a bomb", gzipBomb(2 ** 20)],
  ["broken JSON", respond(`{"key": "${secret}`)],
  ["an encoding that nobody knows", respond("{}", { "content-encoding": `x ${secret}` })],
  ["silence", silence],
  ["a redirect to another host", redirectTo(`http://other.invalid/${secret}?key=${secret}`)],
  ["a redirect loop", redirectTo("?")],
];

describe.each(faults)("%s", (_name, fault) => {
  test.each(["get", "post"] as const)(
    "reveals no secret in the error or the log of a %s",
    async (method) => {
      await using server = await startServer(fault);
      const url = new URL(server.url);
      url.username = "me";
      url.password = secret;
      const client = testClient(url.href, {
        headers: { authorization: secret, "x-key": `Bearer ${secret}` },
        secrets: [secret],
        retryAttempts: 1,
        silenceTimeoutMs: 50,
        maxResponseBytes: 2 ** 16,
      });
      const options = { query: { api_key: secret } };
      const error = await (
        method === "get"
          ? client.getJson("x", options)
          : client.postJson("x", { ...options, form: { api_key: secret } })
      ).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(Error);
      expect(inspect(error, { depth: Infinity, showHidden: true, getters: true })).not.toContain(
        secret,
      );
      expect(inspect(client.entries, { depth: Infinity })).not.toContain(secret);
    },
  );
});

test("an error within a response reveals no secret", async () => {
  await using server = await startServer(respond(`{"message":"bad key ${secret}"}`));
  const client = testClient(server.url, { secrets: [secret], retryAttempts: 0 });
  const accept = ({ text }: Body): void => {
    throw new TransientError(text);
  };
  const error = await client
    .request({ method: "GET", path: "x", accept })
    .catch((thrown: unknown) => thrown);
  expect(error).toHaveProperty("message", expect.stringContaining("bad key ***"));
  expect(inspect(error, { depth: Infinity, showHidden: true })).not.toContain(secret);
});

test.each([
  ["text", (text: string) => text],
  ["JSON", (message: string) => JSON.stringify({ message })],
  ["HTML", (text: string) => `<html><body>${text}</body></html>`],
])("a secret is masked before a message of %s is cut", async (_kind, format) => {
  for (let length = 240; length < 300; length += 1) {
    const body = format(`${"x".repeat(length)} ${secret}`);
    await using server = await startServer(failing(401, {}, body));
    const client = testClient(server.url, { secrets: [secret], retryAttempts: 0 });
    await expect(client.get("x")).rejects.not.toThrow("opik");
  }
});

test("a key in the address of a redirect is masked, in whatever case", async () => {
  const key = "Opik-Key-0123456789";
  await using server = await startServer(redirectTo(`http://${key}.invalid/`));
  const client = testClient(server.url, { secrets: [key], retryAttempts: 0 });
  const error = await client.get("x").catch((thrown: unknown) => thrown);
  expect(error).toHaveProperty("message", expect.stringContaining("http://***.invalid"));
  expect(inspect(error, { depth: Infinity, showHidden: true })).not.toMatch(new RegExp(key, "i"));
});

test("a workspace is named in messages, although the key is a part of it", async () => {
  await using server = await startServer(failing(401, {}, "no access to team-opik with opik"));
  const client = testClient(server.url, {
    headers: { authorization: "opik" },
    publicHeaders: { workspace: "team-opik" },
    retryAttempts: 0,
  });
  await expect(client.get("x")).rejects.toThrow("no access to team-opik with ***");
});
