import { afterEach, beforeEach, expect, test } from "vitest";
import { newSqlite } from "../../support/databases.ts";
import { hostedLogin, newItems, OpikCopy } from "../../support/opik-copy.ts";

/** Walks over a replica that lags, before or after another walk that could not be finished. */

const minuteMs = 60_000;

let copy: OpikCopy;
beforeEach(async () => {
  copy = await OpikCopy.start(newSqlite, { login: hostedLogin });
});
afterEach(() => copy[Symbol.asyncDispose]());

test("an edit that a replica hid is found while another item still cannot be delivered", async () => {
  const dataset = copy.addDataset("a", 0);
  const [edited = "", broken = ""] = dataset.addItems(newItems(5));
  copy.settle();
  expect((await copy.sync()).exit).toBe(0);
  dataset.updateItem(edited, { data: { input: "edited" } }, { inPlace: true });
  copy.opik.faults.undeliverable = { item: broken, how: "status" };
  copy.opik.faults.replicaLag = { forMs: 10 * minuteMs };
  expect((await copy.sync()).exit).toBe(3);
  expect((await copy.values("inputs"))[edited]).toBe(0);
  copy.settle();
  expect((await copy.sync()).exit).toBe(3);
  expect((await copy.values("inputs"))[edited]).toBe("edited");
});

test("an item of an interrupted walk is not marked by one that shows what an older one did", async () => {
  const draft = { withoutVersion: true } as const;
  const dataset = copy.addDataset("a", 0);
  dataset.addItems(newItems(5), draft);
  const { faults, workspace } = copy.opik;
  expect((await copy.sync()).exit).toBe(0);
  workspace.clock.advance(minuteMs);
  dataset.addItems(newItems(1), draft);
  faults.onAnswer = ({ path }) => {
    faults.keyRevoked = path.endsWith("/items");
  };
  expect((await copy.sync()).exit).toBe(2);
  expect(await copy.live()).toHaveLength(6);
  delete faults.onAnswer;
  delete faults.keyRevoked;
  workspace.clock.advance(14 * minuteMs + 10_000);
  faults.replicaLag = { forMs: 14 * minuteMs + 50_000 };
  expect((await copy.sync()).exit).toBe(0);
  expect(await copy.deleted()).toBe(0);
  expect(await copy.live()).toHaveLength(6);
});

test("a version that is settled while it is read is read once more, and its deletions are marked", async () => {
  const dataset = copy.addDataset("a", 0);
  const ids = dataset.addItems(newItems(5));
  const { faults, workspace } = copy.opik;
  copy.settle();
  expect((await copy.sync()).exit).toBe(0);
  dataset.deleteItems(ids.slice(0, 2), { inPlace: true });
  workspace.clock.advance(14 * minuteMs + 30_000);
  faults.onAnswer = ({ path }) => {
    if (path.endsWith("/items")) workspace.clock.advance(minuteMs);
  };
  // Such pages do not overlap, so that the version is looked at again after the walk.
  await copy.sync({ page_size: 2 });
  delete faults.onAnswer;
  copy.settle();
  expect(await copy.sync()).toMatchObject({ exit: 0, quarantined: 0 });
  expect(await copy.live()).toEqual(ids.slice(2).sort());
});
