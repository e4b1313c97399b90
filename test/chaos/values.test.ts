import { describe, expect, test } from "vitest";
import { RawJson } from "../../src/emulators/raw-json.ts";
import { OpikWorkspace } from "../../src/emulators/opik/workspace.ts";
import { contents } from "../support/contents.ts";
import { databases, type TestDatabase } from "../support/databases.ts";
import { startOpik } from "../support/opik.ts";
import { newFolder, run } from "../support/program.ts";
import { chaosSettings } from "./settings.ts";

const megabytes = chaosSettings().isChaosCommand ? 50 : 5;
const levels = 10_000;
const members = 1000;

const wide = Object.fromEntries(Array.from({ length: members }, (_, n) => [`member ${n}`, n]));

describe.each(databases)("on %s", (dialect, newDatabase) => {
  const value = dialect === "sqlite" ? "data" : "data::text";

  async function withSyncedRow(
    data: RawJson | Readonly<Record<string, number>>,
    check: (database: TestDatabase, sync: () => ReturnType<typeof run>) => Promise<void>,
  ): Promise<void> {
    const workspace = new OpikWorkspace();
    const dataset = workspace.addDataset({ name: "large" });
    dataset.addItems([{ data: { n: 1 } }, { data }, { data: { n: 2 } }]);
    await using opik = await startOpik({ workspace });
    await using folder = await newFolder({
      "configuration.json": { opik: { base_url: opik.url } },
    });
    const database = await newDatabase();
    const args = ["--destination", database.url, "--full-refresh"];
    try {
      await check(database, () => run("opik-sync", args, { cwd: folder.path }));
    } finally {
      await database.drop();
    }
  }

  test(`a row of ${megabytes} MB is stored, and not written again`, async () => {
    const text = "0123456789abcdef".repeat((megabytes * 2 ** 20) / 16);
    await withSyncedRow(new RawJson(JSON.stringify({ text })), async (database, sync) => {
      expect(await sync()).toMatchObject({ status: 0 });
      const [row] = await database.query(
        `SELECT max(length(${value})) AS length, count(*) AS n FROM opik_dataset_item`,
      );
      expect(Number(row?.["length"])).toBeGreaterThan(text.length);
      expect(Number(row?.["n"])).toBe(3);
      const { status, stderr } = await sync();
      expect({ status, stderr }).toMatchObject({
        status: 0,
        stderr: expect.stringMatching(
          /"opik_dataset_item","inserted":0,"updated":0,"unchanged":3/,
        ) as string,
      });
    });
  }, 300_000);

  test(`a row with ${members} members is stored completely`, async () => {
    await withSyncedRow(wide, async (database, sync) => {
      expect(await sync()).toMatchObject({ status: 0 });
      const { opik_dataset_item: rows = [] } = await contents(database);
      const stored = rows.map(({ data }) => JSON.parse(String(data)) as object);
      expect(stored).toContainEqual(wide);
    });
  });

  test(`a row that is nested ${levels} deep is stored or in quarantine, and other rows are stored`, async () => {
    const deep = `${"[".repeat(levels)}${"]".repeat(levels)}`;
    await withSyncedRow(new RawJson(deep), async (database, sync) => {
      const { status, stderr } = await sync();
      const rows = await database.query(`SELECT ${value} AS data FROM opik_dataset_item`);
      const quarantine = await database.query("SELECT payload FROM _rivulet_quarantine");
      const texts = [
        ...rows.map(({ data }) => String(data)),
        ...quarantine.map(({ payload }) => String(payload)),
      ];
      expect(texts.filter((text) => text.includes(deep))).toHaveLength(1);
      expect(rows.length + quarantine.length).toBe(3);
      expect(status, stderr).toBe(quarantine.length > 0 ? 3 : 0);
    });
  });
});
