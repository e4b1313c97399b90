import { describe, expect, test } from "vitest";
import { databases } from "../support/databases.ts";
import { runs, useDatabase } from "./fixture.ts";

describe.each(databases)("a query of %s", (_dialect, create) => {
  const fixture = useDatabase(create);

  async function select(query: string, parameters?: readonly string[]): Promise<unknown> {
    const session = await fixture.session([runs]);
    await session.write([{ stream: "runs", rows: [{ id: "a" }, { id: "b?" }] }]);
    return await (await fixture.open()).select(query, parameters);
  }

  test("binds one parameter to each question mark, in order", async () => {
    const query = "select id from runs where id > ? and id < ? order by id";
    expect(await select(query, ["a", "c"])).toEqual([{ id: "b?" }]);
  });

  test.each([
    ["a string", "select id from runs where id = 'b?' and id <> ?"],
    ["a string with a quote", "select id from runs where id <> '''?''' and id > ?"],
    ["a quoted name", 'select "runs?".id from runs as "runs?" where id > ?'],
    ["a line comment", "select id from runs -- which? it's a question\nwhere id > ?"],
    ["a block comment", "select id /* which?\n isn't it? */ from runs where id > ?"],
  ])("leaves a question mark in %s as it is", async (_where, query) => {
    expect(await select(query, ["a"])).toEqual([{ id: "b?" }]);
  });

  test("does not take a quote in a string for the beginning of a name", async () => {
    const query = `select id from runs where id <> '"' and id > ? and id <> '"?' and id <> '--'`;
    expect(await select(query, ["a"])).toEqual([{ id: "b?" }]);
  });
});
