import { z } from "zod";
import { expect, test } from "vitest";
import { messageOf } from "../../src/core/errors.ts";
import { newLog } from "../../src/core/log.ts";
import { GraphqlClient } from "../../src/http/graphql.ts";
import { serviceMessage } from "../../src/http/service-message.ts";
import { failing, respond } from "../support/faults.ts";
import { testClient } from "../support/http-client.ts";
import { startServer } from "../support/http-server.ts";

const pages = [
  ["opening brackets", `<html>${"<".repeat(100_000)}`],
  ["titles without an end", `<html>${"<title".repeat(50_000)}`],
  ["scripts without an end", `<html>${"<script>".repeat(50_000)}`],
  ["styles without an end", `<html>${"<style".repeat(50_000)}`],
  ["spaces", `<html>${" ".repeat(500_000)}x`],
  ["tags", `<html>${"<b>".repeat(200_000)}`],
  ["arrays in arrays", "[".repeat(200_000) + "]".repeat(200_000)],
  ["many equal messages", `[${'"m",'.repeat(200_000)}"m"]`],
] as const;

test.each(pages)("an error page of many %s is read at once", (_what, page) => {
  const startedAt = performance.now();
  expect(serviceMessage(page).length).toBeLessThanOrEqual(300);
  expect(performance.now() - startedAt).toBeLessThan(2000);
});

test("an error page of many opening brackets does not keep a signal waiting", async () => {
  await using server = await startServer(failing(404, {}, pages[0][1]));
  const client = testClient(server.url, { retryAttempts: 0 });
  const startedAt = performance.now();
  await expect(client.get("x")).rejects.toThrow("404");
  expect(performance.now() - startedAt).toBeLessThan(2000);
});

test("a GraphQL error that almost refuses a query, again and again, is read at once", async () => {
  const message = 'Field "x" of type '.repeat(50_000);
  await using server = await startServer(respond({ errors: [{ message }] }));
  const graphql = new GraphqlClient(
    testClient(server.url, { retryAttempts: 0 }),
    newLog(() => 0),
  );
  const startedAt = performance.now();
  const error = await graphql
    .request({ query: () => "{ x }", variables: {}, shape: z.unknown() })
    .catch((thrown: unknown) => thrown);
  expect(messageOf(error).length).toBeLessThan(500);
  expect(performance.now() - startedAt).toBeLessThan(2000);
});

test("a message that stands behind much else in JSON is found", () => {
  const body = JSON.stringify({ trace: "x".repeat(50_000), message: "out of memory" });
  expect(serviceMessage(body)).toBe("out of memory");
});
