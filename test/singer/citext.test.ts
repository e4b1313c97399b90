import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { exitStatusOfSync } from "../../src/cli/invocation/exit-status.ts";
import { newPostgres } from "../support/databases.ts";
import { feed, record, schema, state, type Line } from "./feed.ts";

const string = { type: ["null", "string"] };

describe("an existing column of type citext", () => {
  let database: Awaited<ReturnType<typeof newPostgres>>;

  beforeEach(async () => {
    database = await newPostgres();
    await database.query(
      `create schema ${database.schema}; create extension citext schema ${database.schema}`,
    );
  });

  afterEach(async () => {
    await database.drop();
  });

  const person = (id: string, name: string): Line[] => [
    ...[schema("people", { id: string, name: string }), record("people", { id, name })],
    ...[schema("other", { id: string }), record("other", { id }), state({ id })],
  ];

  test("stores text as it came, and sees a change of case only", async () => {
    await database.query("create table people (id text primary key, name citext)");
    await feed(database, person("a", "Ada"));
    const { counts, status } = await feed(database, person("a", "ADA"));
    expect(status).toBe("completed");
    expect(counts.get("people")).toMatchObject({ updated: 1, unchanged: 0 });
    expect(await database.query("select name::text from people")).toEqual([{ name: "ADA" }]);
  });

  test("refuses its stream with 2 in a key, where two keys would become one", async () => {
    await database.query("create table people (id citext primary key, name text)");
    const result = await feed(database, person("a", "Ada"));
    expect(exitStatusOfSync(result)).toBe(2);
    expect(result.failures.get("people")?.message).toMatch(
      /found .*citext: it takes different texts as equal/,
    );
    expect(await database.query("select id from other")).toHaveLength(1);
  });
});
