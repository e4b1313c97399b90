import { expect, test } from "vitest";
import { newSqlite } from "../../support/databases.ts";
import { OpikCopy } from "../../support/opik-copy.ts";

test("a dataset that stays listed while the service does not know its id is a gap", async () => {
  await using copy = await OpikCopy.start(newSqlite);
  copy.addDataset("another", 2);
  const { id } = copy.addDataset("lost", 3);
  copy.settle();
  const paths = ["", "/items", "/versions"].map((end) => [`/datasets/${id}${end}`, 404] as const);
  copy.opik.faults.endpointStatus = Object.fromEntries(paths);
  // It may have been deleted after it was listed.
  expect(await copy.sync()).toMatchObject({ exit: 0, quarantined: 0 });
  for (let syncs = 0; syncs < 3; syncs += 1) {
    expect(await copy.sync()).toMatchObject({ exit: 3, quarantined: 1 });
    expect(await copy.reasons()).toEqual([
      'dataset "lost": is listed, but the service does not know its id',
    ]);
  }
  copy.opik.faults.endpointStatus = {};
  expect(await copy.sync()).toMatchObject({ exit: 0, quarantined: 0 });
  expect(await copy.live()).toHaveLength(5);
});

test("a dataset that is deleted after it was listed is no gap", async () => {
  await using copy = await OpikCopy.start(newSqlite);
  copy.addDataset("another", 2);
  const { id } = copy.addDataset("short-lived", 3);
  copy.settle();
  copy.opik.faults.onAnswer = ({ path }) => {
    const { workspace } = copy.opik;
    if (path.endsWith("/datasets") && workspace.dataset(id)) workspace.deleteDataset(id);
  };
  for (let syncs = 0; syncs < 2; syncs += 1)
    expect(await copy.sync()).toMatchObject({ exit: 0, quarantined: 0 });
});

test("an unchanged dataset that could not be asked about leaves the quarantine", async () => {
  await using copy = await OpikCopy.start(newSqlite);
  copy.addDataset("another", 2);
  const { id } = copy.addDataset("fails", 3);
  copy.settle();
  expect(await copy.sync()).toMatchObject({ exit: 0, quarantined: 0 });
  copy.opik.faults.endpointStatus = { [`/datasets/${id}/versions`]: 409 };
  expect(await copy.sync()).toMatchObject({ exit: 3, quarantined: 1 });
  copy.opik.faults.endpointStatus = {};
  expect(await copy.sync()).toMatchObject({ exit: 0, quarantined: 0 });
  expect(await copy.live()).toHaveLength(5);
});
