import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { SourceError, TransientError } from "../../src/core/errors.ts";
import { newLog } from "../../src/core/log.ts";
import { GraphqlClient, type GraphqlRequest } from "../../src/http/graphql.ts";
import { respond, inTurn } from "../support/faults.ts";
import { testClient } from "../support/http-client.ts";
import type { RequestHandler } from "../../src/emulators/http-server.ts";
import { startServer, type TestServer } from "../support/http-server.ts";

let server: TestServer;
let graphql: GraphqlClient;
let listener: RequestHandler;
const warnings: string[] = [];

beforeEach(async () => {
  server = await startServer((request, response) => listener(request, response));
  warnings.length = 0;
  const client = testClient(server.url, { retryAttempts: 2 });
  graphql = new GraphqlClient(
    client,
    newLog(({ message }) => warnings.push(message), "warning"),
  );
});

afterEach(async () => {
  await server.close();
});

const request: GraphqlRequest<{ run: unknown }> = {
  query: (select) => `{ run { name ${select("Run", ["old", "new { name }"])} } }`,
  variables: { a: 1 },
  shape: z.object({ run: z.unknown() }),
};

const unknownFieldBody = {
  errors: [{ message: 'Cannot query field "new" on type "Run". Did you mean "old"?' }],
};

function queries(): string[] {
  return server.requests.map(({ body }) => String((JSON.parse(body) as { query: unknown }).query));
}

describe("GraphqlClient", () => {
  test("posts query and variables, and returns the data and the body", async () => {
    listener = respond('{"data":{"run":{"id":12345678901234567890}}}');
    const { data, body } = await graphql.request(request);
    expect(data).toEqual({ run: { id: 12345678901234567000 } });
    expect(body.text).toContain("12345678901234567890");
    expect(server.requests[0]).toMatchObject({ method: "POST" });
    expect(JSON.parse(server.requests[0]?.body ?? "")).toEqual({
      query: "{ run { name old new { name } } }",
      variables: { a: 1 },
    });
  });

  test.each([200, 400])(
    "omits a field that the server lacks (%i) from then on, and reports it once",
    async (status) => {
      listener = inTurn(respond(unknownFieldBody, {}, status), respond({ data: { run: 1 } }));
      await graphql.request(request);
      await graphql.request(request);
      expect(queries()).toEqual([
        "{ run { name old new { name } } }",
        "{ run { name old } }",
        "{ run { name old } }",
      ]);
      expect(warnings).toEqual([expect.stringContaining("this server has no field Run.new")]);
    },
  );

  test("a required field that the server lacks is an error", async () => {
    listener = respond({ errors: [{ message: 'Cannot query field "name" on type "Run".' }] });
    await expect(graphql.request(request)).rejects.toThrow(SourceError);
    expect(server.requests).toHaveLength(1);
  });

  test("retries a response with status 200 that has errors, and reports them", async () => {
    listener = respond({ data: { run: 1 }, errors: [{ message: "boom", path: ["run"] }] });
    const response = graphql.request(request);
    await expect(response).rejects.toThrow(TransientError);
    await expect(response).rejects.toThrow(/boom/);
    expect(server.requests).toHaveLength(3);
  });

  test("accepts a partial response if allowed and all errors are below the root", async () => {
    const errors = [{ message: "boom", path: ["run", 0] }];
    listener = inTurn(
      respond({ data: { run: null }, errors: [{ message: "nowhere" }] }),
      respond({ data: { run: null }, errors: [{ message: "all of it", path: ["run"] }] }),
      respond({ data: { run: null }, errors }),
    );
    expect(await graphql.request({ ...request, allowPartial: true })).toMatchObject({
      data: { run: null },
      errors,
    });
    expect(server.requests).toHaveLength(3);
  });

  test("errors with a status of 4xx are final", async () => {
    listener = respond({ errors: [{ message: "the query is too complex" }] }, {}, 400);
    await expect(graphql.request(request)).rejects.toThrow(/too complex/);
    expect(server.requests).toHaveLength(1);
  });

  test.each([["[]"], ['{"data":{"runs":1}}'], ['{"data":null}']])(
    "a response of another shape (%s) is an error",
    async (body) => {
      listener = respond(body);
      await expect(
        graphql.request({ ...request, shape: z.object({ run: z.int() }) }),
      ).rejects.toThrow(SourceError);
    },
  );
});
