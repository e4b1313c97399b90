import { describe, expect, test } from "vitest";
import { OpikWorkspace } from "../../src/emulators/opik/workspace.ts";
import { databases } from "../support/databases.ts";
import { startOpik } from "../support/opik.ts";
import { newFolder, run } from "../support/program.ts";

const datasets = 300;
const items = 100_000;

function large(): OpikWorkspace {
  const workspace = new OpikWorkspace();
  for (let d = 0; d < datasets; d += 1) {
    const dataset = workspace.addDataset({ name: `set ${d}` });
    const count = Math.floor(items / datasets) + (d < items % datasets ? 1 : 0);
    dataset.addItems(
      Array.from({ length: count }, (_, n) => ({
        data: { input: { question: `${d}/${n}` }, expected_output: `answer ${n}` },
      })),
    );
  }
  return workspace;
}

describe.each(databases)("on %s", (_name, newDatabase) => {
  test(
    "300 datasets with 100,000 items arrive, and a second sync asks little and writes nothing",
    { timeout: 240_000 },
    async () => {
      await using opik = await startOpik({ workspace: large() });
      await using folder = await newFolder({
        "configuration.json": { opik: { base_url: opik.url } },
      });
      const database = await newDatabase();
      try {
        const sync = () => run("opik-sync", ["--destination", database.url], { cwd: folder.path });
        expect(await sync()).toMatchObject({ status: 0 });
        const [first] = await database.query(
          "SELECT count(*) AS n, max(_synced_at) AS last FROM opik_dataset_item WHERE NOT _deleted",
        );
        expect(Number(first?.["n"])).toBe(items);

        opik.requests.length = 0;
        expect(await sync()).toMatchObject({ status: 0 });
        // One for the version of each dataset.
        expect(opik.requests.length).toBeLessThanOrEqual(300 + 10);
        const [second] = await database.query(
          "SELECT count(*) AS n, max(_synced_at) AS last FROM opik_dataset_item WHERE NOT _deleted",
        );
        expect(second).toEqual(first);
        const changed = await database.query(
          "SELECT rows FROM _rivulet_sync ORDER BY started_at DESC LIMIT 1",
        );
        expect(JSON.stringify(changed)).not.toMatch(/(inserted|updated|deleted)\W+[1-9]/);
      } finally {
        await database.drop();
      }
    },
  );
});
