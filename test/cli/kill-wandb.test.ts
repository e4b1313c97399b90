import { describe, expect, test } from "vitest";
import { contents } from "../support/contents.ts";
import { databases, type TestDatabase } from "../support/databases.ts";
import { killWhen } from "../support/kill-when.ts";
import { newTestRandom, testSeed } from "../support/test-seed.ts";
import { newFolder, run, start } from "../support/program.ts";
import { startWandb, type Wandb } from "../support/wandb.ts";
import { syntheticHistory } from "../../src/emulators/wandb/synthetic-history.ts";
import { WandbWorkspace } from "../../src/emulators/wandb/workspace.ts";

/** Few, because `npm run chaos` kills hundreds of times. */
const kills = 4;
const runs = 150;

/** Kills happen below this number of requests: a full sync sends about 29, so most are killed. */
const requests = 28;

function filled(): WandbWorkspace {
  const workspace = new WandbWorkspace();
  const project = workspace.addProject({ name: "vision" });
  for (let index = 0; index < runs; index += 1) {
    workspace.clock.advance(120_000);
    const history = syntheticHistory({ run: index, steps: 20 + index * 4, metrics: 3 });
    project.addRun({ state: "finished", config: { index }, history });
  }
  return workspace;
}

/** The runs that are complete according to the ledger, and are not being read again. */
async function completed(database: TestDatabase): Promise<ReadonlySet<string>> {
  const found = await database
    .query(`SELECT partition, checkpoint FROM _rivulet_state WHERE stream = 'metrics'`)
    .catch(() => []);
  const kept = found.filter(({ checkpoint }) => checkpoint !== null);
  const open = new Set(kept.map(({ partition }) => String(partition)));
  const entries = found.flatMap(({ checkpoint }) => {
    const block = JSON.parse(String(checkpoint)) as {
      readonly entries?: Record<string, string>;
    } | null;
    return Object.entries(block?.entries ?? {});
  });
  const done = entries.filter(([run, entry]) => entry !== "" && !open.has(run));
  return new Set(done.map(([run]) => run));
}

/** The runs whose histories were requested. */
function requestedRuns(requests: Wandb["requests"]): string[] {
  return requests
    .filter(({ operation }) => operation === "History")
    .flatMap(({ variables = {} }) => Object.entries(variables))
    .filter(([name]) => /^n\d+$/.test(name))
    .map(([, name]) => String(name));
}

describe.each(databases)("on %s", (_name, newDatabase) => {
  test(
    `after ${kills} kills at random requests, wandb-sync requests no complete run again, and ends with the same tables as an uninterrupted sync (seed ${testSeed})`,
    { timeout: 300_000 },
    async () => {
      const random = newTestRandom();
      const workspace = filled();
      await using wandb = await startWandb({ workspace, faults: { latencyMs: 20 } });
      await using folder = await newFolder({
        "configuration.json": {
          wandb: {
            ...{ base_url: wandb.url, api_key: wandb.apiKey, entity: "acme", project: "vision" },
            ...{ page_size: 20, concurrency: 2 },
          },
        },
      });
      const disturbed = await newDatabase();
      const undisturbed = await newDatabase();
      const sync = ["--quiet", "--destination"];
      const requestedAgain: string[] = [];
      let resumed = 0;
      try {
        // Until a kill has left some histories to resume.
        for (let killed = 0; killed < kills || resumed === 0;) {
          const done = await completed(disturbed);
          if (done.size > 0 && done.size < runs) resumed += 1;
          const before = wandb.requests.length;
          const until = before + random.between(0, requests - 1);
          const { signal, status, stderr } = await killWhen(
            start("wandb-sync", [...sync, disturbed.url], { cwd: folder.path }),
            () => wandb.requests.length > until,
          );
          requestedAgain.push(
            ...requestedRuns(wandb.requests.slice(before)).filter((name) => done.has(name)),
          );
          if (signal === "SIGKILL") killed += 1;
          else {
            expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
            await forgetHistories(disturbed);
          }
        }
        expect(
          await run("wandb-sync", [...sync, disturbed.url], { cwd: folder.path }),
        ).toMatchObject({ status: 0, stderr: "" });
        expect(requestedAgain).toEqual([]);
        expect(
          await run("wandb-sync", [...sync, undisturbed.url], { cwd: folder.path }),
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
});

/** Makes the next sync read everything again: after a completed one, there is nothing to resume. */
async function forgetHistories(database: TestDatabase): Promise<void> {
  await database.query(`DELETE FROM _rivulet_state WHERE stream = 'metrics'`);
  await database.query(`DELETE FROM metrics WHERE step > 7`);
}
