import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { exitStatusOfSync } from "../../src/cli/invocation/exit-status.ts";
import { databases, type TestDatabase } from "../support/databases.ts";
import { feed, record, schema, state, type Line } from "./feed.ts";

const integer = { type: ["null", "integer"] };

describe.each(databases)("a table that another pipeline claims, in %s", (_dialect, newDatabase) => {
  let database: TestDatabase;

  beforeEach(async () => {
    database = await newDatabase();
  });

  afterEach(async () => {
    await database.drop();
  });

  const ids = async (table: string): Promise<number[]> =>
    (await database.query(`select id from ${table} order by id`)).map(({ id }) => Number(id));

  test.each([
    ["with another stream after it", [schema("third", { id: integer })]],
    ["with no other stream after it", []],
  ])(
    "after it was prepared, before the first write, stops no other stream: %s",
    async (_case, more) => {
      async function* lines(): AsyncGenerator<Line> {
        yield schema("stuck", { id: integer });
        yield schema("other", { id: integer });
        // Once this is asked for, the tables of the above are prepared.
        yield state({ at: 0 });
        await feed(database, [schema("stuck", { id: integer }), record("stuck", { id: 7 })]);
        yield* more;
        yield* [record("other", { id: 1 }), state({ at: 1 }), record("stuck", { id: 2 })];
        yield* [state({ at: 2 }), record("other", { id: 2 })];
      }
      const result = await feed(database, lines(), { pipeline: "second" });
      expect(exitStatusOfSync(result)).toBe(2);
      expect([...result.failures.keys()]).toEqual(["stuck"]);
      expect(result.failures.get("stuck")?.message).toMatch(/belongs to the pipeline "target"/);
      expect(result.states.at(-1)).toBe('{"at":1}');
      expect([await ids("stuck"), await ids("other")]).toEqual([[7], [1, 2]]);
    },
  );
});
