import { expect, test } from "vitest";
import { newSqlite } from "../../support/databases.ts";
import { Copy } from "./copy.ts";
import { killedSync } from "./killed-sync.ts";

/** More commits than any of these syncs has. */
const maxCommits = 40;

interface Case {
  /** Before the sync that is killed. */
  readonly change?: (copy: Copy) => void;
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Takes the change back, before the next sync with the usual settings. */
  readonly undo?: (copy: Copy) => void;
}

const cases: Readonly<Record<string, Case>> = {
  "a run is deleted and comes back": {
    change: ({ project }) => {
      project.deleteRun("r2");
    },
    undo: ({ project }) => {
      project.undeleteRun("r2");
    },
  },
  "filters are narrowed and restored": { settings: { filters: { tags: { $in: ["t1"] } } } },
  "metric patterns are narrowed and restored": { settings: { metrics: "nothing*" } },
};

test.each(Object.entries(cases))(
  "killed after any commit: %s",
  async (_name, { change, settings, undo }) => {
    let wasKilled = true;
    for (let commits = 0; wasKilled; commits += 1) {
      expect(commits).toBeLessThan(maxCommits);
      await using copy = await Copy.start(newSqlite);
      copy.addRuns(4, 2);
      await copy.sync();
      change?.(copy);
      wasKilled = await killedSync(copy, commits, settings);
      undo?.(copy);
      expect((await copy.sync()).exit).toBe(0);
      await copy.expectEqual();
    }
  },
);
