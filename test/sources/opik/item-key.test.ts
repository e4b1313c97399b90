import { expect, test } from "vitest";
import { newSqlite } from "../../support/databases.ts";
import { OpikCopy } from "../../support/opik-copy.ts";

test("with the key of dataset and item, only items that are gone are marked as deleted", async () => {
  const config = { dataset_item_key: "dataset_and_item", page_size: 4 } as const;
  await using copy = await OpikCopy.start(newSqlite, { config });
  const dataset = copy.addDataset("a", 9);
  const other = copy.addDataset("b", 2);
  copy.settle();
  expect((await copy.sync()).exit).toBe(0);
  const [first = "", , third = ""] = dataset.itemsAt(1).map(({ item }) => item.id);
  dataset.copyItemsTo(other, [first]);
  dataset.deleteItems([third]);
  expect((await copy.sync()).exit).toBe(0);
  expect(await copy.live()).toHaveLength(8 + 3);
  expect(await copy.deleted()).toBe(1);
});
