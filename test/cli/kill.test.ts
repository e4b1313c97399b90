import { setTimeout as wait } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { OpikWorkspace } from "../../src/emulators/opik/workspace.ts";
import { contents } from "../support/contents.ts";
import { databases } from "../support/databases.ts";
import { expireLease } from "../support/expire-lease.ts";
import { killWhen } from "../support/kill-when.ts";
import { startOpik } from "../support/opik.ts";
import { newTestRandom, testSeed } from "../support/test-seed.ts";
import { newFolder, run, start } from "../support/program.ts";

/** Few, because `npm run chaos` kills hundreds of times. */
const kills = 4;

/** Kills happen below this number of requests: a full sync sends about 150, so most are killed. */
const requests = 120;

function filled(): OpikWorkspace {
  const workspace = new OpikWorkspace();
  for (let p = 0; p < 40; p += 1) workspace.addProject({ name: `project ${p}` });
  for (let d = 0; d < 12; d += 1) addDataset(workspace, 60 + d * 20);
  return workspace;
}

function addDataset(workspace: OpikWorkspace, items: number): void {
  const dataset = workspace.addDataset({ name: `set of ${items}` });
  dataset.addItems(
    Array.from({ length: items }, (_, n) => ({ data: { input: { n }, output: "o".repeat(n) } })),
  );
}

function change(workspace: OpikWorkspace): void {
  for (const [index, dataset] of workspace.datasets.entries()) {
    if (index % 3 === 0) continue;
    const ids = dataset.itemsAt(dataset.versions.length).map(({ item }) => item.id);
    dataset.deleteItems(ids.slice(0, 5));
    dataset.updateItems(
      new Map(ids.slice(5, 15).map((id) => [id, { description: `changed ${index}` }])),
    );
    dataset.addItems(Array.from({ length: 30 }, (_, n) => ({ data: { input: `late ${n}` } })));
  }
  const [first] = workspace.datasets;
  if (first) workspace.deleteDataset(first.id);
  addDataset(workspace, 200);
}

describe.each(databases)("on %s", (_name, newDatabase) => {
  test(
    `ends with the same tables as an uninterrupted sync after ${kills} kills at random requests (seed ${testSeed})`,
    { timeout: 300_000 },
    async () => {
      const random = newTestRandom();
      const workspace = filled();
      await using opik = await startOpik({ workspace, faults: { latencyMs: 40 } });
      await using folder = await newFolder({
        "configuration.json": { opik: { base_url: opik.url, page_size: 15, concurrency: 4 } },
      });
      const disturbed = await newDatabase();
      const undisturbed = await newDatabase();
      const sync = ["--quiet", "--destination"];
      try {
        let killed = 0;
        for (let attempt = 0; killed < kills; attempt += 1) {
          expect(attempt).toBeLessThan(kills * 5);
          const until = opik.requests.length + random.between(0, requests - 1);
          const { signal, status, stderr } = await killWhen(
            start("opik-sync", [...sync, disturbed.url], { cwd: folder.path }),
            () => opik.requests.length > until,
          );
          if (signal === "SIGKILL") killed += 1;
          else {
            expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
            change(workspace);
          }
        }
        const last = await run("opik-sync", [...sync, disturbed.url], { cwd: folder.path });
        expect(last).toMatchObject({ status: 0, stderr: "" });
        expect(
          await run("opik-sync", [...sync, undisturbed.url], { cwd: folder.path }),
        ).toMatchObject({ status: 0 });
        expect(await contents(disturbed, { withoutDeleted: true })).toEqual(
          await contents(undisturbed, { withoutDeleted: true }),
        );
      } finally {
        await disturbed.drop();
        await undisturbed.drop();
      }
    },
  );

  test("of two syncs of one pipeline, the second ends with 75 and reports who holds the lock", async () => {
    await using opik = await startOpik({ workspace: filled(), faults: { latencyMs: 200 } });
    await using folder = await newFolder({
      "configuration.json": { opik: { base_url: opik.url, page_size: 10 } },
    });
    const database = await newDatabase();
    try {
      const first = start("opik-sync", ["--destination", database.url], { cwd: folder.path });
      await until(() => opik.requests.length > 0);
      const second = await run("opik-sync", ["--destination", database.url], { cwd: folder.path });
      expect(second.status).toBe(75);
      expect(second.stderr).toMatch(
        new RegExp(`process ${first.child.pid ?? 0}\\b.* since \\d{4}-`),
      );
      expect((await first.ended).status).toBe(0);
    } finally {
      await database.drop();
    }
  });

  test.runIf(process.platform !== "win32")(
    "a process that was suspended past its lease cannot write when it resumes",
    async () => {
      const workspace = filled();
      await using opik = await startOpik({ workspace, faults: { latencyMs: 100 } });
      await using folder = await newFolder({
        "configuration.json": { opik: { base_url: opik.url, page_size: 10 } },
      });
      const database = await newDatabase();
      try {
        const suspended = start("opik-sync", ["--destination", database.url], { cwd: folder.path });
        await until(() => opik.requests.filter(({ path }) => path.endsWith("/items")).length > 10);
        suspended.child.kill("SIGSTOP");
        await expireLease(database);
        const other = await run("opik-sync", ["--destination", database.url, "--quiet"], {
          cwd: folder.path,
        });
        expect(other).toMatchObject({ status: 0, stderr: "" });
        const before = await contents(database);
        suspended.child.kill("SIGCONT");
        const { status, stderr } = await suspended.ended;
        expect(status).toBe(75);
        expect(stderr).toMatch(
          /suspended or disconnected for too long, and its lock was taken over; nothing more was written/,
        );
        expect(await contents(database)).toEqual(before);
      } finally {
        await database.drop();
      }
    },
  );

  test.runIf(process.platform !== "win32").each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
    "%s saves progress and ends the process, and the next sync resumes",
    async (name) => {
      await using opik = await startOpik({ workspace: filled(), faults: { latencyMs: 20 } });
      await using folder = await newFolder({
        "configuration.json": { opik: { base_url: opik.url, page_size: 10 } },
      });
      const database = await newDatabase();
      try {
        const { child, ended } = start("opik-sync", ["--destination", database.url], {
          cwd: folder.path,
        });
        await until(() => opik.requests.filter(({ path }) => path.endsWith("/items")).length > 20);
        child.kill(name);
        const { status, stderr } = await ended;
        expect(status).toBe(name === "SIGINT" ? 130 : 143);
        expect(stderr).toContain(`interrupted by ${name}`);
        const [row] = await database.query(`SELECT count(*) AS n FROM opik_dataset_item`);
        expect(Number(row?.["n"])).toBeGreaterThan(0);
        const before = opik.requests.length;
        const next = await run("opik-sync", ["--destination", database.url], { cwd: folder.path });
        expect(next.status).toBe(0);
        const [all] = await database.query(`SELECT count(*) AS n FROM opik_dataset_item`);
        expect(Number(all?.["n"])).toBe(12 * 60 + 20 * 66);
        expect(before).toBeGreaterThan(20);
      } finally {
        await database.drop();
      }
    },
  );
});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await wait(5);
}
