import { describe, expect, test } from "vitest";
import { ConfigError } from "../../src/core/errors.ts";
import { databases } from "../support/databases.ts";
import { runs, useDatabase } from "./fixture.ts";

describe.each(databases)("a database in %s that somebody has damaged", (_dialect, create) => {
  const fixture = useDatabase(create);
  const others = { ...runs, name: "others" };

  async function fill(): Promise<void> {
    const session = await fixture.session([runs, others]);
    for (const stream of ["runs", "others"]) {
      const rows = [{ id: "a", project: "p" }];
      await session.write([{ stream, rows, partition: "p", checkpoint: { page: 1 } }]);
    }
    await session[Symbol.asyncDispose]();
  }

  test.each([
    ["table", "drop table runs"],
    ["column", "alter table runs drop column project"],
    ["system column", "alter table runs drop column _deleted"],
  ])("discards the checkpoints of a stream whose %s was dropped", async (_name, sql) => {
    await fill();
    await fixture.database.query(sql);
    const session = await fixture.session([runs, others]);
    expect(await session.state()).toEqual(new Map([["others", new Map([["p", { page: 1 }]])]]));
    const rows = [{ id: "a", project: "p" }];
    await session.write([{ stream: "runs", rows, partition: "p", checkpoint: { page: 1 } }]);
    expect(await fixture.texts("select project from runs where not _deleted")).toEqual(["p"]);
    await session[Symbol.asyncDispose]();
    expect((await (await fixture.session([runs, others])).state()).size).toBe(2);
  });

  test.each(["_rivulet_state", "_rivulet_sync", "_rivulet_quarantine"])(
    "says what to do if %s is missing",
    async (table) => {
      await fill();
      await fixture.database.query(`drop table ${table}`);
      const lock = (await fixture.open()).lock({ name: "test" });
      await expect(lock).rejects.toBeInstanceOf(ConfigError);
      await expect(lock).rejects.toThrow(
        `the table "${table}" is missing; restore it, or drop all`,
      );
    },
  );

  test.each(["{not json", "", "null", "7"])(
    "says what to do if a checkpoint is %j, and that helps",
    async (text) => {
      await fill();
      await fixture.database.query(
        `update _rivulet_state set checkpoint = '${text}' where stream = 'runs' and partition = 'p'`,
      );
      const session = await fixture.session([runs, others]);
      await expect(Promise.resolve().then(() => session.state())).rejects.toBeInstanceOf(
        ConfigError,
      );
      await expect(Promise.resolve().then(() => session.state())).rejects.toThrow(
        /a checkpoint of "runs" cannot be read; run "state reset runs"/,
      );
      await session.replaceState(new Map(), "runs");
      expect((await session.state()).size).toBe(1);
    },
  );

  test.each(["{not json", "null", '{"holder":5}'])(
    "takes a lock that is %j, and fences off its former holder",
    async (text) => {
      await fill();
      const before = await fixture.session([runs, others]);
      await fixture.database.query(
        `update _rivulet_state set checkpoint = '${text}' where stream = ''`,
      );
      const after = await fixture.session([runs, others]);
      const rows = [{ id: "b" }];
      await expect(before.write([{ stream: "runs", rows }])).rejects.toThrow(/taken over/);
      await after.write([{ stream: "runs", rows }]);
      expect(await fixture.texts("select id from runs order by id")).toEqual(["a", "b"]);
    },
  );
});
