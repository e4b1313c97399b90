import { expect, test } from "vitest";
import { newSqlite } from "../../support/databases.ts";
import { Copy } from "./copy.ts";

test("rows that a lagging history leaves out are not marked as deleted", async () => {
  await using copy = await Copy.start(newSqlite);
  const run = copy.project.addRun({ name: "lagging" });
  for (let step = 0; step < 3; step += 1) run.log({ loss: step });
  run.finish();
  await copy.sync();
  run.lag({ rows: 2 });
  run.heartbeat();
  expect((await copy.sync()).exit).toBe(3);
  expect(await copy.deleted("metrics")).toEqual([]);
});
