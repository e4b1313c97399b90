import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { exitStatusOfSync } from "../../src/cli/invocation/exit-status.ts";
import { databases, newPostgres, type TestDatabase } from "../support/databases.ts";
import { feed, record, schema, state, type FeedResult, type Line } from "./feed.ts";

const integer = { type: ["null", "integer"] };
const string = { type: ["null", "string"] };

/** Records of two streams, each followed by a STATE. */
const input = (id: number): Line[] => [
  ...[schema("stuck", { id: integer }), schema("other", { id: integer })],
  ...[record("other", { id }), state({ before: id })],
  ...[record("stuck", { id }), state({ after: id }), record("other", { id: id + 100 })],
];

describe.each(databases)("a stuck stream, in %s", (_dialect, newDatabase) => {
  let database: TestDatabase;

  beforeEach(async () => {
    database = await newDatabase();
  });

  afterEach(async () => {
    await database.drop();
  });

  const ids = async (table: string): Promise<number[]> =>
    (await database.query(`select id from ${table} order by id`)).map(({ id }) => Number(id));

  test("whose table belongs to another pipeline blocks no other, and its STATE is held back", async () => {
    await feed(database, [schema("stuck", { id: integer }), record("stuck", { id: 7 })]);
    const result = await feed(database, input(1), { pipeline: "second" });
    expect(exitStatusOfSync(result)).toBe(2);
    expect(result.failures.get("stuck")?.message).toMatch(/belongs to the pipeline "target"/);
    expect(result.states.at(-1)).toBe('{"before":1}');
    expect([await ids("stuck"), await ids("other")]).toEqual([[7], [1, 101]]);
  });

  test("whose key changes within the input blocks no other, and keeps what it has", async () => {
    await feed(database, input(1));
    const result = await feed(database, [
      ...[schema("stuck", { id: integer, email: string }), schema("other", { id: integer })],
      ...[state({ at: 1 }), schema("stuck", { id: integer, email: string }, ["email"])],
      ...[state({ at: 2 }), record("stuck", { id: 2, email: "b" }), state({ at: 3 })],
      ...[record("other", { id: 2 }), schema("stuck", { id: integer }), state({ at: 4 })],
    ]);
    expect(exitStatusOfSync(result)).toBe(2);
    expect(result.failures.get("stuck")?.message).toMatch(/from \(id\) to \(email\); a table has/);
    expect(result.states.at(-1)).toBe('{"at":2}');
    expect([await ids("stuck"), await ids("other")]).toEqual([[1], [1, 2, 101]]);
  });

  test("whose BATCH has no file blocks no other, and its STATE is held back", async () => {
    const gone = join(tmpdir(), "rivulet-no-such-batch.jsonl");
    const result = await feed(database, [
      ...[schema("stuck", { id: integer }), schema("other", { id: integer })],
      ...[record("other", { id: 1 }), state({ at: 1 })],
      { type: "BATCH", stream: "stuck", encoding: { format: "jsonl" }, manifest: [gone] },
      ...[state({ at: 2 }), record("other", { id: 2 }), record("stuck", { id: 3 })],
    ]);
    expect(exitStatusOfSync(result)).toBe(1);
    expect(result.failures.get("stuck")?.message).toMatch(/^BATCH .*; run the tap again/);
    expect(result.states.at(-1)).toBe('{"at":1}');
    expect([await ids("stuck"), await ids("other")]).toEqual([[], [1, 2]]);
  });

  test("that has no records holds back no STATE, even if its table cannot be written", async () => {
    await feed(database, [schema("other", { id: integer }), record("other", { id: 0 })]);
    await database.query("create view stuck as select 1 as id");
    const result = await feed(database, [
      ...[schema("stuck", { id: integer }), schema("other", { id: integer })],
      ...[record("other", { id: 1 }), state({ at: 1 })],
    ]);
    expect(exitStatusOfSync(result)).toBe(2);
    expect(result.states).toEqual(['{"at":1}']);
    expect(await ids("other")).toEqual([0, 1]);
  });

  test("that sends one record and then nothing holds back no STATE while the tap is silent", async () => {
    const seen: string[] = [];
    let states = 0;
    // The tap sends no more until the STATE behind the lonely record has been printed.
    async function* lines(): AsyncGenerator<Line> {
      yield* input(1);
      yield state({ at: 1 });
      while (states === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      seen.push("printed before the end");
    }
    const result: FeedResult = await feed(database, lines(), {
      onState: () => (states += 1),
    });
    expect(seen).toEqual(["printed before the end"]);
    expect(result.states).toEqual(['{"at":1}']);
    expect(await ids("stuck")).toEqual([1]);
  });
});

describe("a table that another program has locked, in Postgres", () => {
  let database: Awaited<ReturnType<typeof newPostgres>>;

  beforeEach(async () => {
    database = await newPostgres();
    await feed(database, input(1));
    await database.query("begin; lock table stuck in access exclusive mode");
  });

  afterEach(async () => {
    await database.query("rollback");
    await database.drop();
  });

  const ids = async (table: string): Promise<number[]> =>
    (await database.query(`select id from ${table} order by id`)).map(({ id }) => Number(id));

  test("blocks no other stream: the run ends with 1, and the next one writes its records", async () => {
    const result = await feed(database, input(2), { busyMs: 100 });
    expect(exitStatusOfSync(result)).toBe(1);
    expect(result.failures.get("stuck")?.message).toMatch(/another program has locked a table/);
    expect(result.states.at(-1)).toBe('{"before":2}');
    expect(await ids("other")).toEqual([1, 2, 101, 102]);
    await database.query("rollback");
    const next = await feed(database, input(2), { busyMs: 100 });
    expect(exitStatusOfSync(next)).toBe(0);
    expect(next.states.at(-1)).toBe('{"after":2}');
    expect(await ids("stuck")).toEqual([1, 2]);
  });

  test("blocks no other stream if it is locked in the middle of the input", async () => {
    await database.query("rollback");
    async function* lines(): AsyncGenerator<Line> {
      yield* input(2);
      while ((await ids("stuck")).length < 2) await new Promise((done) => setTimeout(done, 5));
      await database.query("begin; lock table stuck in access exclusive mode");
      yield* [...input(3), state({ last: 3 })];
    }
    const result = await feed(database, lines(), { busyMs: 100 });
    expect(exitStatusOfSync(result)).toBe(1);
    expect(result.states.at(-1)).toBe('{"before":3}');
    expect(await ids("other")).toEqual([1, 2, 3, 101, 102, 103]);
  });
});
