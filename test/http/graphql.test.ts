import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { ConfigError, SourceError, TransientError } from "../../src/core/errors.ts";
import { newLog } from "../../src/core/log.ts";
import { GraphqlValidationError } from "../../src/http/graphql-validation.ts";
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
    expect(data).toEqual({ run: { id: 12345678901234567890n } });
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

  test("names when the service answered, by its own clock", async () => {
    const date = "Thu, 01 Jan 2026 00:00:09 GMT";
    listener = inTurn(
      respond({ data: { run: 1 } }, { date }),
      respond({ data: { run: 1 } }, { date: "-5" }),
    );
    expect(await graphql.request(request)).toHaveProperty("date", Date.UTC(2026, 0, 1, 0, 0, 9));
    expect(await graphql.request(request)).toHaveProperty("date", undefined);
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

/** As graphql-js, gqlparser and graphql-go (Go), and graphql-core (Python) write them. */
const refusals: readonly [string, string][] = [
  ['Cannot query field "name" on type "Run".', "Run.name"],
  ["Cannot query field 'name' on type 'Run'. Did you mean 'names'?", "Run.name"],
  ["Cannot query field `name` on type `Run`.", "Run.name"],
  ['Unknown argument "filters" on field "Project.runs".', "Project.runs(filters)"],
  ["Unknown argument 'filters' on field 'Project.runs'.", "Project.runs(filters)"],
  ['Unknown argument "filters" on field "runs" of type "Project".', "Project.runs(filters)"],
  ['Unknown argument "if" on directive "@include".', "@include(if)"],
  ['Unknown type "JSONString". Did you mean "String"?', "JSONString"],
  ["Unknown directive '@include'.", "@include"],
  ['Unknown directive "include".', "@include"],
  [
    'Variable "$filters" of type "JSONString!" used in position expecting type "[String!]".',
    "$filters",
  ],
  ["Variable '$first' got invalid value 'x'; Int cannot represent non-integer value", "$first"],
  ['Variable "first" has invalid type string.\nExpected type "Int", found x.', "$first"],
];

const nameless = [
  'Field "historyKeys" of type "Keys" must have a selection of subfields. Did you mean …?',
  'Field "state" must not have a selection since type "String" has no subfields.',
  'Field "run" argument "id" of type "ID!" is required, but it was not provided.',
  "Syntax Error: Expected Name, found '}'.",
];

describe("a query that the server's schema does not allow", () => {
  test.each([
    ...refusals.flatMap(([message, name]) => [
      [200, message, [name]] as const,
      [400, message, [name]] as const,
      [422, message, [name]] as const,
    ]),
    ...nameless.flatMap((message) => [[200, message, []] as const, [400, message, []] as const]),
  ])("is not sent again: %i, %s", async (status, message, unsupported) => {
    listener = respond({ errors: [{ message }], data: null }, {}, status);
    const error = await graphql.request(request).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(GraphqlValidationError);
    expect(error).toBeInstanceOf(ConfigError);
    expect(error).toMatchObject({ unsupported });
    expect(server.requests).toHaveLength(1);
  });

  test("is recognized by its code, whatever the message", async () => {
    const extensions = { code: "GRAPHQL_VALIDATION_FAILED" };
    const path = ["variable", "first"];
    listener = respond({ errors: [{ message: "cannot use int as String", path, extensions }] });
    await expect(graphql.request(request)).rejects.toThrow(GraphqlValidationError);
    expect(server.requests).toHaveLength(1);
  });

  test.each([200, 400])("is reported with each message once (%i)", async (status) => {
    const messages = ["runs", "runCount", "runCount", "runCount", "runCount"].map(
      (field) => `Unknown argument "filters" on field "Project.${field}".`,
    );
    listener = respond({ errors: messages.map((message) => ({ message })) }, {}, status);
    const error = await graphql.request(request).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      unsupported: ["Project.runs(filters)", "Project.runCount(filters)"],
    });
    expect(String(error).match(/Project.runCount/g)).toHaveLength(1);
    expect(String(error)).toMatch(/; the server is too old, or base_url names another service$/);
    expect(String(error)).not.toContain(".;");
  });

  test("is sent again without the optional fields before its other refusals count", async () => {
    const argument = { message: 'Unknown argument "filters" on field "Project.runs".' };
    listener = inTurn(
      respond({ errors: [...unknownFieldBody.errors, argument] }),
      respond({ errors: [argument] }),
    );
    const error = await graphql.request(request).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ unsupported: ["Project.runs(filters)"] });
    expect(queries()).toEqual(["{ run { name old new { name } } }", "{ run { name old } }"]);
  });

  test("is not taken from an error of a query that was executed", async () => {
    const message = 'db: Unknown type "x"';
    listener = inTurn(
      respond({ data: { run: null }, errors: [{ message, path: ["run"] }] }),
      respond({ data: { run: 1 } }),
    );
    expect(await graphql.request(request)).toMatchObject({ data: { run: 1 } });
  });
});

test("shows equal errors of a service once", async () => {
  const errors = Array.from({ length: 5 }, () => ({ message: "overloaded" }));
  listener = respond({ errors });
  await expect(graphql.request(request)).rejects.toThrow(
    /the service reports an error: overloaded; gave up after 3 attempts$/,
  );
});
