import { expect, test } from "vitest";
import { newSqlite } from "../../support/databases.ts";
import { newItems, OpikCopy } from "../../support/opik-copy.ts";

test("a dataset without a count is read in pages of two, and deletions are marked when it is settled", async () => {
  await using copy = await OpikCopy.start(newSqlite, { config: { page_size: 2 } });
  const dataset = copy.addDataset("a", 0);
  const [first = ""] = dataset.addItems(newItems(7), { withoutVersion: true });
  expect((await copy.sync()).exit).toBe(0);
  expect(await copy.live()).toHaveLength(7);
  dataset.deleteItems([first], { withoutVersion: true });
  expect((await copy.sync()).exit).toBe(0);
  expect(await copy.deleted()).toBe(0);
  copy.settle();
  expect((await copy.sync()).exit).toBe(0);
  expect(await copy.deleted()).toBe(1);
});
