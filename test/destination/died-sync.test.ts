import { describe, expect, test } from "vitest";
import { databases } from "../support/databases.ts";
import { runs, useDatabase } from "./fixture.ts";

const run = (id: string) => ({ id, project: "a", steps: 1 });

describe.each(databases)("a sync that died, in %s", (_dialect, create) => {
  const fixture = useDatabase(create);

  test("has counted the rows that it committed, and no others", async () => {
    const others = { ...runs, name: "others" };
    const session = await fixture.session([runs, others]);
    await session.begin();
    await session.write([{ stream: "runs", rows: [run("1"), run("2")] }]);
    await session.write([
      { stream: "runs", rows: [run("2"), run("3")], deletes: [["1"]] },
      { stream: "others", rows: [run("1")], rejected: [{ key: "2", reason: "odd", payload: "" }] },
    ]);
    const failing = session.write([{ stream: "none", rows: [run("4")] }]);
    await expect(failing).rejects.toThrow();
    // Nothing else is written: as if the process were killed now.
    const [sync] = await (await fixture.open()).syncs(1);
    expect(sync?.status).toBe("running");
    expect(Object.fromEntries(sync?.counts ?? [])).toEqual({
      runs: { inserted: 3, updated: 0, unchanged: 1, deleted: 1, rejected: 0 },
      others: { inserted: 1, updated: 0, unchanged: 0, deleted: 0, rejected: 1 },
    });
    await session[Symbol.asyncDispose]();
    const [died] = await (await fixture.open()).syncs(1);
    expect(died).toMatchObject({ status: "died" });
    expect(died?.counts.get("runs")).toMatchObject({ inserted: 3, deleted: 1 });
  });

  test("counts from zero, whatever an earlier one wrote", async () => {
    const session = await fixture.session([runs]);
    await session.begin();
    await session.write([{ stream: "runs", rows: [run("1")] }]);
    await session.begin();
    await session.write([{ stream: "runs", rows: [run("2")] }]);
    const [sync] = await (await fixture.open()).syncs(1);
    expect(sync?.counts.get("runs")).toMatchObject({ inserted: 1 });
  });
});
