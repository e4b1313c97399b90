import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { status, type ServiceError } from "@grpc/grpc-js";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import {
  choice,
  secretText,
  text,
  textList,
  toggle,
  wholeNumber,
} from "../../src/core/config-field.ts";
import { withCallerMessage } from "../../src/core/caller-message.ts";
import { ConfigError, SourceError, TransientError } from "../../src/core/errors.ts";
import type { StreamBatch } from "../../src/core/source.ts";
import { serve } from "../../src/fivetran/server.ts";
import { example } from "../../src/sources/example/source.ts";
import { connect, type WireResponse, type WireRecord } from "./client.ts";
import { memorySource } from "./memory-source.ts";
import { serveSource, type ServedSource } from "./serving.ts";

const columns = { id: "string", words: "string" } as const;

async function update(
  { port }: ServedSource,
  call: { configuration?: Record<string, string>; selection?: unknown; state_json?: string } = {},
): Promise<WireResponse[]> {
  using client = connect(port);
  const responses: WireResponse[] = [];
  for await (const response of client.update({ configuration: {}, ...call }))
    responses.push(response as WireResponse);
  return responses;
}

function recordsOf(responses: readonly WireResponse[]): WireRecord[] {
  return responses.flatMap(({ record, records }) =>
    record ? [record] : [...(records?.records ?? [])],
  );
}

function brief({ type, table_name, data }: WireRecord): string {
  const cells = Object.entries(data).map(
    ([name, value]) => `${name}=${String(value[value.inner ?? ""])}`,
  );
  return [type, table_name, ...cells].join(" ");
}

function stateOf(responses: readonly WireResponse[]): string {
  return responses.findLast(({ checkpoint }) => checkpoint)?.checkpoint?.state_json ?? "";
}

async function failureOf(
  promise: Promise<unknown>,
): Promise<Pick<ServiceError, "code" | "details">> {
  return await promise.then(
    () => expect.fail("did not fail"),
    (error: unknown) => error as ServiceError,
  );
}

describe("the form", () => {
  const config = z.object({
    key: secretText({ description: "The key.", label: "API key of yours" }),
    how: choice(["fast", "slow"], { description: "How." }).default("fast"),
    speed: wholeNumber(
      { min: 1, max: 9 },
      { description: "How fast.", onlyWhen: { field: "how", is: "fast" } },
    ).default(3),
    loud: toggle({ description: "Loud." }).default(true),
    maybe: toggle({ description: "Left open: as the server has it." }).optional(),
    names: textList({ description: "Names." }).default(["a", "b"]),
    comment: text({ description: "", placeholder: "none" }).optional(),
  });

  test("has a field for each key, with its kind, label, condition and default", async () => {
    await using server = await serveSource(memorySource({ columns, read: [], config }));
    using client = connect(server.port);
    const { fields } = await client.form();
    const kinds = fields.map(({ name, type, required, default_value }) => [
      name,
      type,
      required,
      default_value,
    ]);
    expect(kinds).toEqual([
      ["key", "text_field", true, undefined],
      ["how", "dropdown_field", false, "fast"],
      ["howfastFields", "conditional_fields", undefined, undefined],
      ["loud", "toggle_field", false, "true"],
      ["maybe", "dropdown_field", false, undefined],
      ["names", "text_field", false, '["a","b"]'],
      ["comment", "text_field", false, undefined],
    ]);
    expect(fields[0]).toMatchObject({
      text_field: "Password",
      label: "API key of yours",
      description: "The key.",
    });
    expect(fields[1]).toMatchObject({ dropdown_field: { dropdown_field: ["fast", "slow"] } });
    expect(fields[2]).toMatchObject({
      conditional_fields: {
        condition: { condition_field: "how", string_value: "fast" },
        fields: [{ name: "speed", default_value: "3", description: "How fast." }],
      },
    });
    expect(fields[4]).toMatchObject({ dropdown_field: { dropdown_field: ["true", "false"] } });
    expect(fields[6]).toMatchObject({ placeholder: "none" });
  });

  test("accepts its own defaults as text, and empty text for unset fields", async () => {
    let seen: unknown;
    const check = (found: unknown): Promise<void> => Promise.resolve(void (seen = found));
    await using server = await serveSource(memorySource({ columns, read: [], config, check }));
    using client = connect(server.port);
    const configuration = {
      key: "secret-key",
      how: "slow",
      loud: "false",
      maybe: "",
      names: '["a","b"]',
      comment: "",
    };
    expect(await client.test("connect", configuration)).toMatchObject({ success: true });
    expect(seen).toEqual({
      key: "secret-key",
      how: "slow",
      speed: 3,
      loud: false,
      names: ["a", "b"],
    });
  });
});

describe("a test", () => {
  const config = z.object({ key: secretText({ description: "The key." }) });

  test("reports a failure with its remedy, and without the secret", async () => {
    const check = (): Promise<void> => {
      throw withCallerMessage(
        new ConfigError("GET https://host/me?key=secret-key: 401"),
        "401; check memory.key (secret-key)",
      );
    };
    await using server = await serveSource(memorySource({ columns, read: [], config, check }));
    using client = connect(server.port);
    expect((await client.form()).tests.map(({ name }) => name)).toEqual(["connect", "select"]);
    const { failure } = await client.test("connect", { key: "secret-key" });
    expect(failure).toBe("401; check memory.key (***)");
    expect(await client.test("select", { key: "secret-key" })).toMatchObject({ success: true });
    expect((await client.test("connect", {})).failure).toContain("key: missing");
    expect((await client.test("select", {})).failure).toContain("key: missing");
    expect((await client.test("other", {})).failure).toContain("available: connect, select");
    expect(server.lines.join("")).toContain("GET https://host/me?key=***: 401");
    expect(server.lines.join("")).not.toContain("secret-key");
  });
});

describe("an update", () => {
  const rows = ["a", "b"].map((id) => ({ id, words: "w" }));

  test("truncates the table, sends rows, then a checkpoint from which the next sync resumes", async () => {
    const seen: unknown[] = [];
    const source = memorySource({
      columns,
      async *read({ checkpoints }) {
        seen.push(checkpoints.get(""));
        yield await Promise.resolve({ rows: [{ id: "a" }], checkpoint: { n: 1 } });
      },
    });
    await using server = await serveSource(source);
    const first = await update(server);
    expect(first.map(({ operation }) => operation)).toEqual(["records", "checkpoint"]);
    expect(recordsOf(first).map(brief)).toEqual([
      "TRUNCATE things",
      "UPSERT things id=a words=true",
    ]);
    expect(recordsOf(first)[1]?.data["words"]).toMatchObject({ inner: "null" });
    const second = await update(server, { state_json: stateOf(first) });
    expect(recordsOf(second).map(({ type }) => type)).toEqual(["UPSERT"]);
    expect(seen).toEqual([undefined, { n: 1 }]);
  });

  test("truncates nothing if the source cannot be read", async () => {
    const source = memorySource({
      columns,
      // eslint-disable-next-line require-yield -- it fails before
      async *read(): AsyncGenerator<StreamBatch> {
        await Promise.resolve();
        throw new TransientError("503");
      },
    });
    await using server = await serveSource(source);
    using client = connect(server.port);
    const call = client.update({ configuration: {} });
    const seen: unknown[] = [];
    call.on("data", (response) => seen.push(response));
    const [error] = (await once(call, "error")) as [ServiceError];
    expect([error.code, error.details]).toEqual([
      status.UNAVAILABLE,
      expect.stringMatching(/^things: the service failed/),
    ]);
    expect(seen).toEqual([]);
  });

  test("deletes by key what a sweep does not list", async () => {
    let ids = ["a", "b", "c"];
    const source = memorySource({
      columns,
      async *read() {
        const keys = ids.map((id) => [id]);
        yield await Promise.resolve({ rows: ids.map((id) => ({ id })), sweep: { keys } });
      },
    });
    await using server = await serveSource(source);
    await server.sync();
    ids = ["a", "c", "d"];
    expect(await server.sync()).toMatchObject({ upserts: 3, deletes: 1, truncates: 0 });
    const present = server.rows("things").filter((row) => row["_deleted"] === 0n);
    expect(present.map(({ id }) => id).sort()).toEqual(["a", "c", "d"]);
  });

  test("limits responses to 100 records and 100 KiB, and sends larger records alone with a warning", async () => {
    const sizes = [...Array<number>(250).fill(10), 60_000, 42_288, 42_289, 200_000, 5];
    const read = [
      { rows: sizes.map((size, index) => ({ id: `i${index}`, words: "x".repeat(size) })) },
    ];
    await using server = await serveSource(memorySource({ columns, read }));
    const responses = await update(server);
    expect(recordsOf(responses)).toHaveLength(sizes.length + 1);
    for (const { records } of responses)
      expect(records?.records.length ?? 0).toBeLessThanOrEqual(100);
    const alone = responses.flatMap(({ record }) =>
      record ? [record.data["words"]?.["string"]] : [],
    );
    expect(alone.map((words) => String(words).length)).toEqual([200_000]);
    const warnings = server.lines.map((line) => JSON.parse(line) as Record<string, string>);
    expect(warnings).toContainEqual({
      level: "WARNING",
      message: expect.stringMatching(
        /^things: a record of 200\d\d\d bytes is sent alone$/,
      ) as string,
      "message-origin": "sdk_connector",
    });
  });

  test("honours the selection of tables, columns and new ones, but always sends the key", async () => {
    await using server = await serveSource(memorySource({ columns, read: [{ rows }] }));
    const select = async (table: unknown, includeNew: boolean) =>
      recordsOf(
        await update(server, {
          selection: {
            without_schema: { tables: table ? [table] : [], include_new_tables: includeNew },
          },
        }),
      )
        .slice(1)
        .map(brief);
    const all = ["UPSERT things id=a words=w", "UPSERT things id=b words=w"];
    const keys = ["UPSERT things id=a", "UPSERT things id=b"];
    const things = { table_name: "things", included: true, include_new_columns: true };
    expect(await select(undefined, true)).toEqual(all);
    expect(await select(undefined, false)).toEqual([]);
    expect(await select(things, false)).toEqual(all);
    expect(await select({ ...things, included: false }, true)).toEqual([]);
    expect(await select({ ...things, columns: { words: false, id: false } }, true)).toEqual(keys);
    expect(await select({ ...things, include_new_columns: false }, true)).toEqual(keys);
    const named = {
      with_schema: {
        schemas: [
          { included: true, schema_name: "s", tables: [{ ...things, columns: { words: false } }] },
        ],
      },
    };
    expect(
      recordsOf(await update(server, { selection: named }))
        .slice(1)
        .map(brief),
    ).toEqual(keys);
  });

  test("reads a table again from the start when a column is added to the selection", async () => {
    const source = memorySource({
      columns,
      async *read({ checkpoints }) {
        const isFirst = !checkpoints.has("");
        yield await Promise.resolve({ rows: isFirst ? rows : [], checkpoint: { n: 1 } });
      },
    });
    await using server = await serveSource(source);
    await server.sync({ select: (_, column) => column === "id" });
    expect(await server.sync({ select: (_, column) => column === "id" })).toMatchObject({
      upserts: 0,
    });
    expect(await server.sync()).toMatchObject({ truncates: 1, upserts: 2 });
    expect(server.rows("things").map(({ words }) => words)).toEqual(["w", "w"]);
  });

  test("refuses a state that is invalid or of another source with a task that has the remedy", async () => {
    await using server = await serveSource(memorySource({ columns, read: [{ rows }] }));
    for (const state_json of [
      "{",
      "[]",
      '{"cursor":1}',
      '{"version":1,"identity":"elsewhere","streams":{}}',
    ]) {
      const responses = await update(server, { state_json });
      expect(responses.map(({ operation }) => operation)).toEqual(["task"]);
      expect(responses[0]?.task?.message).toContain("re-sync the connection");
    }
  });

  test("warns of the number of rows that could not be read or sent, and logs the first by key", async () => {
    const bad = Array.from({ length: 24 }, (_, index) => ({
      id: `i${index}`,
      words: Uint8Array.of(1),
    }));
    const rejected = [{ key: '["odd"]', payload: "?", reason: "expected an object" }];
    const read = [{ rows: [...bad, { id: "good" }], rejected }];
    await using server = await serveSource(memorySource({ columns, read }));
    const { warnings, upserts } = await server.sync();
    expect(upserts).toBe(1);
    expect(warnings).toEqual([
      "things: 25 rows could not be read or sent; the log of the connector has the reasons",
    ]);
    const logged = server.lines
      .map((line) => JSON.parse(line) as Record<string, string>)
      .filter(({ level }) => level === "WARNING")
      .map(({ message }) => message);
    expect(logged).toHaveLength(21);
    expect(logged[0]).toBe('things: ["i0"]: column "words": expected a string, got bytes');
    expect(logged.at(-1)).toBe("and 5 more rows could not be read or sent");
  });

  test("logs settled gaps, some individually, instead of warning about them", async () => {
    const rejected = Array.from({ length: 25 }, (_, index) => ({
      key: `run ${index}`,
      payload: "",
      reason: "9 of 10 lines",
      settled: true,
    }));
    const source = memorySource({ columns, read: [{ rows: [{ id: "a" }], rejected }] });
    await using server = await serveSource(source);
    const { warnings, upserts } = await server.sync();
    expect({ warnings, upserts }).toEqual({ warnings: [], upserts: 1 });
    const log = server.lines.map((line) => JSON.parse(line) as Record<string, string>);
    const gaps = log.filter(({ message = "" }) => /gaps|lines/.test(message));
    expect(gaps).toHaveLength(21);
    expect(gaps[0]).toMatchObject({
      level: "INFO",
      message: "things: run 0: 9 of 10 lines; nothing more is expected",
    });
    expect(gaps.at(-1)).toMatchObject({
      level: "INFO",
      message: "things: 25 settled gaps in total",
    });
  });

  test("sends a fraction in an integer column as a double", async () => {
    const read = [
      {
        rows: [
          { id: "a", n: 1.5 },
          { id: "b", n: 2 },
        ],
      },
    ];
    await using server = await serveSource(
      memorySource({ columns: { id: "string", n: "integer" }, read }),
    );
    const [, a, b] = recordsOf(await update(server));
    expect([a?.data["n"], b?.data["n"]]).toMatchObject([{ double: 1.5 }, { long: "2" }]);
  });

  test("reads at the client's pace, and stops when cancelled", async () => {
    let produced = 0;
    let ended = false;
    const big = "x".repeat(50_000);
    const source = memorySource({
      columns,
      async *read({ signal }) {
        try {
          for (;;) {
            signal.throwIfAborted();
            produced += 1;
            yield { rows: [{ id: `i${produced}`, words: big }], bytes: 50_000 };
            await new Promise(setImmediate);
          }
        } finally {
          ended = true;
        }
      },
    });
    await using server = await serveSource(source);
    using client = connect(server.port);
    const call = client.update({ configuration: {} });
    await once(call, "readable");
    let before = -1;
    while (before !== produced) {
      before = produced;
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    expect(produced).toBeLessThan(2000);
    call.on("error", () => undefined);
    call.cancel();
    await expect.poll(() => ended).toBe(true);
    await expect.poll(() => server.lines.join("")).toContain("cancelled");
    expect(await client.form()).toMatchObject({ schema_selection_supported: true });
  });

  test("turns a ConfigError into a task and a bug into an error, and keeps serving", async () => {
    const failing = (error: Error) =>
      memorySource({
        columns,
        async *read() {
          yield await Promise.resolve({ rows });
          throw error;
        },
      });
    await using needs = await serveSource(
      failing(withCallerMessage(new ConfigError("401; check key"))),
    );
    expect((await update(needs)).at(-1)?.task?.message).toBe("401; check key");
    await using odd = await serveSource(failing(new SourceError("no list")));
    expect(await failureOf(update(odd))).toMatchObject({
      code: status.INTERNAL,
      details: expect.stringContaining(
        "things: a response of the service was not understood",
      ) as string,
    });
    await using broken = await serveSource(failing(new RangeError("out of range")));
    expect(await failureOf(update(broken))).toMatchObject({
      code: status.INTERNAL,
      details: expect.stringContaining("an error in the connector") as string,
    });
    expect(broken.lines.join("")).toContain("this is a bug in rivulet: RangeError");
    expect(await failureOf(update(broken))).toMatchObject({ code: status.INTERNAL });
  });
});

describe("the server", () => {
  test("listens on IPv4 and IPv6", async () => {
    await using server = await serveSource(memorySource({ columns, read: [] }));
    for (const host of ["127.0.0.1", "[::1]"]) {
      using client = connect(server.port, host);
      expect((await client.form()).tests).toHaveLength(2);
    }
  });

  test("reports a port that is in use, with a remedy", async () => {
    await using server = await serveSource(memorySource({ columns, read: [] }));
    const second = serve({
      source: memorySource({ columns, read: [] }),
      port: server.port,
      signal: new AbortController().signal,
      write: () => undefined,
      threshold: "info",
    });
    await expect(second).rejects.toThrow(ConfigError);
    await expect(second).rejects.toThrow(/--port \d+: cannot listen/);
  });

  test("rejects an invalid configuration with INVALID_ARGUMENT", async () => {
    await using server = await serveSource(example);
    using client = connect(server.port);
    expect(await failureOf(client.schema({ apiBaseURL: "nowhere" }))).toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: expect.stringContaining("apiBaseURL: expected a URL") as string,
    });
  });
});

describe("the example", () => {
  test("inserts, updates and deletes in its two tables, and resumes from its cursors", async () => {
    await using server = await serveSource(example, { apiBaseURL: "https://api.example.com" });
    const counts = { upserts: 4, updates: 1, deletes: 1 };
    expect(await server.sync()).toMatchObject({ ...counts, truncates: 2, tasks: [], warnings: [] });
    expect(await server.sync()).toMatchObject({ ...counts, truncates: 0 });
    expect(server.rows("table1")).toEqual([
      { a1: "a-0", a2: 110.234, _deleted: 0n },
      { a1: "a-1", a2: 0.234, _deleted: 0n },
      { a1: "a-2", a2: 0.468, _deleted: 1n },
    ]);
    expect(server.rows("table2")).toEqual([{ b1: "b1", b2: "ben", _deleted: 0n }]);
  });

  test("requires the fields of the chosen authentication method", async () => {
    await using server = await serveSource(example);
    using client = connect(server.port);
    const configuration = {
      apiBaseURL: "https://api.example.com",
      authenticationMethod: "Basic Auth",
    };
    expect((await client.test("connect", configuration)).failure).toBe(
      "Basic Auth: missing username, password; set them",
    );
    const responses = { ...configuration, username: "ada", password: "lovelace" };
    expect(await client.test("connect", responses)).toMatchObject({ success: true });
    await writeFile(join(server.folder, "configuration.json"), JSON.stringify(responses));
    expect(await server.sync()).toMatchObject({ upserts: 4 });
  });
});
