import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { dirname } from "node:path";
import { describe, expect, test } from "vitest";
import { ConfigError } from "../../src/core/errors.ts";
import type { Checkpoints } from "../../src/core/source.ts";
import type { State } from "../../src/core/destination.ts";
import { databases } from "../support/databases.ts";
import { runs, useDatabase } from "./fixture.ts";

const transfer = { requests: 7, retries: 1, bytes: 2 ** 40, waitedMs: 12.5 };

describe.each(databases)("the state in %s", (dialect, create) => {
  const fixture = useDatabase(create);

  test("is what was written, by stream and partition, in this session, a later one and without the lock", async () => {
    const session = await fixture.session([runs, { ...runs, name: "other" }]);
    await session.write([
      { stream: "runs", rows: [], partition: "a", checkpoint: { n: 1 } },
      { stream: "runs", rows: [], partition: "a", checkpoint: { n: 2, list: ["x", null] } },
      { stream: "runs", rows: [], partition: "b\0\\u0000", checkpoint: { text: "\0\ud800" } },
      { stream: "runs", rows: [], partition: "gone", checkpoint: { n: 1 } },
      { stream: "other", rows: [], checkpoint: { since: "x" } },
    ]);
    await session.write([
      { stream: "runs", rows: [], partition: "gone", checkpoint: null },
      { stream: "runs", rows: [], partition: "never", checkpoint: null },
      { stream: "runs", rows: [], checkpoint: null },
    ]);
    const expected: State = new Map<string, Checkpoints>([
      [
        "runs",
        new Map([
          ["a", { n: 2, list: ["x", null] }],
          ["b\0\\u0000", { text: "\0\ud800" }],
        ]),
      ],
      ["other", new Map([["", { since: "x" }]])],
    ]);
    expect(await session.state()).toEqual(expected);
    expect(await (await fixture.open()).state("test")).toEqual(expected);
    await session[Symbol.asyncDispose]();
    expect(await (await fixture.session([runs])).state()).toEqual(expected);
  });

  test("formats only the last checkpoint of each partition in a write", async () => {
    const session = await fixture.session([runs]);
    const formatted: string[] = [];
    const batch = (partition: string, n: number) => ({
      stream: "runs",
      rows: [],
      partition,
      checkpoint: {
        get n() {
          formatted.push(`${partition}${n}`);
          return n;
        },
      },
    });
    await session.write([batch("a", 1), batch("b", 1), batch("a", 2), batch("a", 3)]);
    expect(formatted).toEqual(["a3", "b1"]);
    expect(await (await fixture.open()).state("test")).toEqual(
      new Map([
        [
          "runs",
          new Map([
            ["a", { n: 3 }],
            ["b", { n: 1 }],
          ]),
        ],
      ]),
    );
  });

  test("holds thousands of partitions", async () => {
    const session = await fixture.session([runs]);
    const partitions = Array.from({ length: 3000 }, (_, index) => `run ${index}`);
    const batches = partitions.map((partition) => ({
      stream: "runs",
      rows: [],
      partition,
      checkpoint: { partition },
    }));
    await session.write(batches);
    await session.write(batches.slice(0, 2999).map((batch) => ({ ...batch, checkpoint: null })));
    expect(await (await fixture.open()).state("test")).toEqual(
      new Map([["runs", new Map([["run 2999", { partition: "run 2999" }]])]]),
    );
  });

  const folder = (): string => dirname(fixture.database.url.slice("sqlite:".length));

  test("can be replaced, for one stream or for all", async () => {
    const session = await fixture.session([runs]);
    const one = (n: number) => new Map([["", { n }]]);
    await session.replaceState(
      new Map([
        ["runs", one(1)],
        ["other", one(2)],
      ]),
    );
    expect(await session.state()).toEqual(
      new Map([
        ["runs", one(1)],
        ["other", one(2)],
      ]),
    );
    await session.replaceState(new Map([["runs", one(3)]]), "runs");
    expect(await session.state()).toEqual(
      new Map([
        ["runs", one(3)],
        ["other", one(2)],
      ]),
    );
    await session.replaceState(new Map(), "other");
    expect(await session.state()).toEqual(new Map([["runs", one(3)]]));
    await session.write([{ stream: "runs", rows: [{ id: "a" }], checkpoint: { n: 4 } }]);
    expect(await (await fixture.open()).state("test")).toEqual(new Map([["runs", one(4)]]));
    await session.replaceState(new Map());
    expect(await (await fixture.open()).state("test")).toEqual(new Map());
  });

  test("is empty if there is no database yet, and reading creates none", async () => {
    const destination = await fixture.open();
    expect(await destination.state("test")).toEqual(new Map());
    expect(await destination.syncs(5)).toEqual([]);
    const keys: unknown[] = [];
    for await (const key of destination.keys(runs)) keys.push(key);
    expect(keys).toEqual([]);
    if (dialect === "sqlite") {
      expect(existsSync(fixture.database.url.slice("sqlite:".length))).toBe(false);
    }
  });

  test("comes with a log of syncs, newest first", async () => {
    const session = await fixture.session([runs]);
    await session.begin();
    await session.end({
      status: "failed",
      transfer,
      error: "no\0thing",
      counts: new Map([
        ["runs\0", { inserted: 1, updated: 2, unchanged: 3, deleted: 4, rejected: 5 }],
      ]),
    });
    await fixture.database.query(
      "update _rivulet_sync set started_at = '2024-01-01T00:00:00.000000Z'",
    );
    await session.begin();
    const [second, first] = await (await fixture.open()).syncs(5);
    expect(second).toMatchObject({ pipeline: "test", status: "running", counts: new Map() });
    expect(second).not.toHaveProperty("endedAt");
    expect(first).toMatchObject({
      pipeline: "test",
      status: "failed",
      startedAt: expect.stringMatching(/^\d{4}-.*\.\d{6}Z$/) as string,
      endedAt: expect.stringMatching(/^\d{4}-.*\.\d{6}Z$/) as string,
      transfer: { ...transfer, waitedMs: 13 },
      error: "no\0thing",
      counts: new Map([
        ["runs\0", { inserted: 1, updated: 2, unchanged: 3, deleted: 4, rejected: 5 }],
      ]),
    });
    expect(await (await fixture.open()).syncs(1)).toHaveLength(1);
  });

  test("is refused if a newer rivulet created it", async () => {
    const session = await fixture.session([runs]);
    await session[Symbol.asyncDispose]();
    await fixture.database.query(
      "insert into _rivulet_migration values ('9999-future', '2999-01-01')",
    );
    const destination = await fixture.open();
    for (const use of [() => destination.lock({ name: "test" }), () => destination.check()]) {
      await expect(use()).rejects.toBeInstanceOf(ConfigError);
      await expect(use()).rejects.toThrow(/created by a newer rivulet.*upgrade/);
    }
  });

  test("is created once, even if two processes start at the same time", async () => {
    const [one, two] = [await fixture.open(), await fixture.open()];
    await using first = await one.lock({ name: "one" });
    const sessions = await Promise.all([one.lock({ name: "a" }), two.lock({ name: "b" })]);
    for (const session of [...sessions, first]) await session[Symbol.asyncDispose]();
    expect(await fixture.texts("select name from _rivulet_migration")).toEqual([
      "0001-own-tables",
      "0002-quarantine-place",
      "0003-sync-epoch",
      "0004-quarantine-settled",
      "0005-commit-count",
      "0006-sync-version",
    ]);
  });

  test("is kept in a database of an older rivulet, whose lock did not count commits", async () => {
    const session = await fixture.session([runs]);
    await session.write([{ stream: "runs", rows: [{ id: "a" }], checkpoint: { page: 1 } }]);
    await session[Symbol.asyncDispose]();
    await fixture.database.query("alter table _rivulet_state drop column commits");
    await fixture.database.query("alter table _rivulet_sync drop column version");
    await fixture.database.query("delete from _rivulet_migration where name >= '0005'");
    const upgraded = await fixture.session([runs]);
    expect((await upgraded.state()).get("runs")?.get("")).toEqual({ page: 1 });
    await upgraded.write([{ stream: "runs", rows: [{ id: "b" }], checkpoint: { page: 2 } }]);
    expect((await upgraded.state()).get("runs")?.get("")).toEqual({ page: 2 });
  });

  test("checking the database leaves nothing in it", async () => {
    const destination = await fixture.open();
    await destination.check();
    await destination.check();
    if (dialect === "sqlite") expect(await readdir(folder())).toEqual([]);
    await expect(fixture.database.query("select * from _rivulet_state")).rejects.toThrow(
      /_rivulet_state/,
    );
  });

  test("can be queried", async () => {
    const session = await fixture.session([runs]);
    await session.write([{ stream: "runs", rows: [{ id: "a", steps: 3 }] }]);
    const [row] = await (await fixture.open()).select("select id, steps + 1 as next from runs");
    expect(Object.values(row ?? {}).map(String)).toEqual(["a", "4"]);
  });
});
