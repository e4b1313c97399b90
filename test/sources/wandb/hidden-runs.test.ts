import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { databases } from "../../support/databases.ts";
import { Copy } from "./copy.ts";

/** The service counts runs that it does not show. */
describe.each(databases)("on %s", (_name, newDatabase) => {
  let copy: Copy;
  beforeEach(async () => {
    copy = await Copy.start(newDatabase);
    copy.faults.countHidden = true;
  });
  afterEach(async () => {
    await copy[Symbol.asyncDispose]();
  });

  function hide(...names: readonly string[]): void {
    for (const name of names) {
      const run = copy.project.run(name);
      if (run) run.hidden = true;
    }
  }

  test.each([{}, { listing_page_size: 4 }])(
    "hidden runs end a sync with 3 when their number rises, and are named (%j)",
    async (settings) => {
      copy.addRuns(12);
      hide("r2", "r7");
      expect((await copy.sync(settings)).exit).toBe(3);
      const payload = expect.stringContaining("vision") as string;
      const reason = expect.stringMatching(/counts 2 more runs than it shows/) as string;
      expect(await copy.quarantine()).toEqual(Array(2).fill({ payload, reason, settled: false }));
      await copy.expectEqual();

      expect((await copy.sync(settings)).exit).toBe(0);
      expect(await copy.quarantine()).toEqual(Array(2).fill({ payload, reason, settled: true }));
      const newlyHidden = copy.addRuns(1);
      hide(...newlyHidden.map(({ name }) => name));
      expect((await copy.sync(settings)).exit).toBe(3);
      expect((await copy.sync(settings)).exit).toBe(0);
    },
  );

  test("fewer hidden runs end a sync with 0, and none with an empty quarantine", async () => {
    copy.addRuns(6);
    hide("r2", "r4");
    await copy.sync();
    const show = (name: string): void => {
      const run = copy.project.run(name);
      if (run) run.hidden = false;
    };
    show("r2");
    expect((await copy.sync()).exit).toBe(0);
    expect((await copy.quarantine())[0]?.reason).toMatch(/counts 1 more run than/);
    show("r4");
    expect((await copy.sync()).exit).toBe(0);
    expect(await copy.quarantine()).toEqual([]);
    await copy.expectEqual();
  });

  test("a run that was copied and then hidden is marked as deleted, and named", async () => {
    copy.addRuns(6);
    await copy.sync();
    hide("r3");
    const { exit, runs } = await copy.sync();
    expect([exit, runs.deleted]).toEqual([3, 1]);
    await copy.expectEqual();
    expect((await copy.sync()).exit).toBe(0);
  });

  test("runs that begin and end while the list is read are not taken for hidden ones", async () => {
    copy.addRuns(12);
    let added = 0;
    copy.faults.onAnswer = () => {
      if (++added < 6) copy.addRuns(1);
    };
    expect((await copy.sync({ listing_page_size: 4 })).exit).toBe(0);
    expect(await copy.quarantine()).toEqual([]);
  });
});
