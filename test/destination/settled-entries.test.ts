import { describe, expect, test } from "vitest";
import type { Rejected } from "../../src/core/source.ts";
import { destinations } from "../support/databases.ts";
import { countsOf, runs, useDatabase } from "./fixture.ts";

const short: Rejected = { key: "short", payload: "run 1", reason: "900 of 1,000 lines" };
const settled: Rejected = { ...short, settled: true };

describe.each(destinations)("settled entries in the quarantine of %s", (_dialect, create) => {
  const fixture = useDatabase(create);
  const write = (...rejected: readonly Rejected[]) => ({ stream: "runs", rows: [], rejected });

  test("are counted apart from the others, in this session and a later one", async () => {
    const session = await fixture.session([runs]);
    const other = { ...short, key: "other" };
    expect(countsOf(await session.write([write(settled, other)]))).toEqual({ rejected: 1 });
    expect(await session.countQuarantined(["runs"])).toBe(1);
    expect(await session.countSettled(["runs"])).toBe(1);
    expect(await session.countSettled(["other"])).toBe(0);
    await session[Symbol.asyncDispose]();
    const later = await fixture.session([runs]);
    expect(await later.countQuarantined(["runs"])).toBe(1);
    expect(await later.countSettled(["runs"])).toBe(1);
  });

  test("become settled, and stop being so, with the next rejection of the same key", async () => {
    const session = await fixture.session([runs]);
    for (const [entry, counts] of [
      [short, [1, 0]],
      [settled, [0, 1]],
      [short, [1, 0]],
    ] as const) {
      await session.write([write(entry)]);
      const [open, known] = counts;
      expect(await session.countQuarantined(["runs"])).toBe(open);
      expect(await session.countSettled(["runs"])).toBe(known);
      const query = "select count(*) from _rivulet_quarantine where settled";
      expect(await fixture.texts(query)).toEqual([String(known)]);
    }
  });

  test("leave like the others: with a checkpoint of their partition", async () => {
    const session = await fixture.session([runs]);
    await session.write([write({ ...settled, key: JSON.stringify({ partition: "p" }) })]);
    expect(await session.countSettled(["runs"])).toBe(1);
    await session.write([{ stream: "runs", rows: [], partition: "p", checkpoint: { n: 1 } }]);
    expect(await session.countSettled(["runs"])).toBe(0);
  });

  test("can be read without the lock, by pipeline", async () => {
    const session = await fixture.session([runs]);
    await session.write([
      write({ ...settled, key: "b\0" }, { ...settled, key: "a" }, { ...short, key: "c" }),
    ]);
    const destination = await fixture.open();
    const { reason } = settled;
    expect(await destination.settledEntries("test")).toEqual([
      { stream: "runs", key: "a", reason },
      { stream: "runs", key: "b\0", reason },
    ]);
    expect(await destination.settledEntries("another")).toEqual([]);
  });

  test("are none in a new database, and in one of an older rivulet, whose entries stay", async () => {
    const destination = await fixture.open();
    expect(await destination.settledEntries("test")).toEqual([]);
    const session = await fixture.session([runs]);
    await session.write([write(short)]);
    await session[Symbol.asyncDispose]();
    await fixture.database.query("alter table _rivulet_quarantine drop column settled");
    await fixture.database.query("alter table _rivulet_state drop column commits");
    await fixture.database.query("alter table _rivulet_sync drop column version");
    await fixture.database.query("delete from _rivulet_migration where name >= '0004'");
    expect(await (await fixture.open()).settledEntries("test")).toEqual([]);
    const upgraded = await fixture.session([runs]);
    expect(await upgraded.countQuarantined(["runs"])).toBe(1);
    expect(await upgraded.countSettled(["runs"])).toBe(0);
  });
});
