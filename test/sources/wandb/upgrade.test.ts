import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { databases } from "../../support/databases.ts";
import { Copy } from "./copy.ts";

/** What an earlier version saved about a project of 40 runs. */
const oldCheckpoint = JSON.stringify({
  since: "2026-01-01T04:00:00Z",
  scope: "heartbeat_at {}",
  landmark: { instant: "2026-01-01T00:00:00Z", below: 39, newest: ["r40"] },
});

describe.each(databases)("the first sync after an upgrade, on %s", (_name, newDatabase) => {
  let copy: Copy;
  beforeEach(async () => {
    copy = await Copy.start(newDatabase);
    copy.addRuns(40, 1);
    await copy.sync();
    await copy.database.query("DELETE FROM _rivulet_state WHERE partition LIKE '%#%'");
    const update = `UPDATE _rivulet_state SET checkpoint = '${oldCheckpoint}' WHERE partition = ''`;
    await copy.database.query(update);
  });
  afterEach(async () => {
    await copy[Symbol.asyncDispose]();
  });

  test("marks nothing if the service suddenly shows no run", async () => {
    for (const { name } of copy.project.runs) copy.project.deleteRun(name);
    expect((await copy.sync()).exit).toBe(1);
    expect(await copy.deleted("runs")).toEqual([]);
    expect((await copy.sync({}, { allowMassDeletion: true })).exit).toBe(0);
    expect(await copy.deleted("runs")).toHaveLength(40);
  });

  test("does not mark a run that is counted, but not shown", async () => {
    copy.faults.countHidden = true;
    const hidden = copy.project.run("r2");
    if (hidden) hidden.hidden = true;
    expect((await copy.sync()).exit).toBe(3);
    expect(await copy.deleted("runs")).toEqual([]);
  });
});

test("a filter by name that matches nothing leaves a doubt, and not deleted runs unsaid", async () => {
  await using copy = await Copy.start(databases[0][1]);
  copy.addRuns(6, 2);
  await copy.sync();
  copy.faults.deadFilters = ["name"];
  copy.project.deleteRun("r2");
  expect((await copy.sync()).exit).toBe(3);
});
