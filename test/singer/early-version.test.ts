import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { destinations, type TestDatabase } from "../support/databases.ts";
import { feed, type Line, record, schema, state } from "./feed.ts";

const users = schema("users", { id: { type: "integer" } });

const activate = (version: number): Line => ({
  type: "ACTIVATE_VERSION",
  stream: "users",
  version,
});

const user = (id: number, version: number): Line => record("users", { id }, { version });

describe.each(destinations)(
  "an ACTIVATE_VERSION before its SCHEMA, on %s",
  (_name, newDatabase) => {
    let database: TestDatabase;

    beforeEach(async () => {
      database = await newDatabase();
    });

    afterEach(async () => {
      await database.drop();
    });

    async function presentIds(): Promise<number[]> {
      const rows = await database.query('SELECT id, _deleted FROM "users" ORDER BY id');
      return rows
        .filter(({ _deleted }) => ![true, 1, 1n, "t"].includes(_deleted as never))
        .map(({ id }) => Number(id));
    }

    test("is harmless", async () => {
      const first = [activate(1), users, user(1, 1), activate(1), state(1)];
      expect(await feed(database, first)).toMatchObject({ status: "completed", states: ["1"] });
      expect(await feed(database, first)).toMatchObject({ status: "completed" });
      expect(await presentIds()).toEqual([1]);
    });

    test("marks the rows of other versions once its stream is known", async () => {
      await feed(database, [users, user(1, 1), user(2, 1)]);
      const { status } = await feed(database, [activate(2), users, user(2, 2), state(1)]);
      expect(status).toBe("completed");
      expect(await presentIds()).toEqual([2]);
    });

    test("of a stream that does not come marks nothing", async () => {
      await feed(database, [users, user(1, 1)]);
      expect(await feed(database, [activate(2), state(1)])).toMatchObject({ status: "completed" });
      expect(await presentIds()).toEqual([1]);
    });
  },
);

describe.each(destinations)("a quarantined record, on %s", (_name, newDatabase) => {
  test("leaves when its key comes again and fits", async () => {
    const database = await newDatabase();
    try {
      const broken = await feed(database, [users, record("users", { id: 1 }), schemaOfAge, bad]);
      expect(broken).toMatchObject({ status: "partial", quarantined: 1 });
      const mended = await feed(database, [schemaOfAge, record("ages", { id: 1, age: 30 })]);
      expect(mended).toMatchObject({ status: "completed", quarantined: 0 });
    } finally {
      await database.drop();
    }
  });
});

const schemaOfAge = schema("ages", { id: { type: "integer" }, age: { type: "integer" } });
const bad = record("ages", { id: 1, age: "thirty" });
