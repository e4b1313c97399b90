import { setTimeout as wait } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { OpikWorkspace } from "../../src/emulators/opik/workspace.ts";
import { databases, type TestDatabase } from "../support/databases.ts";
import { expireLease } from "../support/expire-lease.ts";
import { killWhen } from "../support/kill-when.ts";
import { startOpik } from "../support/opik.ts";
import { pidNamespace, pidNamespaceObstacle } from "../support/pid-namespace.ts";
import { newFolder, start, type EndedProgram, type RunningProgram } from "../support/program.ts";

const obstacle = pidNamespaceObstacle();

/** A workspace whose sync takes long enough to be met by another. */
function filled(): OpikWorkspace {
  const workspace = new OpikWorkspace();
  const dataset = workspace.addDataset({ name: "set" });
  dataset.addItems(Array.from({ length: 60 }, (_, n) => ({ data: { input: { n } } })));
  return workspace;
}

interface Syncs {
  readonly requests: readonly unknown[];
  /** Starts a sync as process 1 of a PID namespace of its own. */
  readonly start: () => RunningProgram;
  readonly run: () => Promise<EndedProgram>;
}

async function withSyncs(
  newDatabase: () => Promise<TestDatabase>,
  act: (syncs: Syncs, database: TestDatabase) => Promise<void>,
): Promise<void> {
  await using opik = await startOpik({ workspace: filled(), faults: { latencyMs: 200 } });
  await using folder = await newFolder({
    "configuration.json": { opik: { base_url: opik.url, page_size: 10, concurrency: 1 } },
  });
  const database = await newDatabase();
  const begin = (): RunningProgram =>
    start("opik-sync", ["--destination", database.url], { cwd: folder.path, under: pidNamespace });
  try {
    await act({ requests: opik.requests, start: begin, run: () => begin().ended }, database);
  } finally {
    await database.drop();
  }
}

describe.each(databases)(
  "syncs in different PID namespaces of one host, on %s",
  (_name, create) => {
    test("do not take over a lock from each other", async ({ skip }) => {
      skip(obstacle !== undefined, obstacle);
      await withSyncs(create, async ({ requests, start, run }) => {
        const first = start();
        while (requests.length === 0) await wait(5);
        const second = await run();
        expect(second.status, second.stderr).toBe(75);
        expect(second.stderr).toMatch(/locked by process 1 on/);
        const { status, stderr } = await first.ended;
        expect(status, stderr).toBe(0);
      });
    });

    test("take over the lock of one that was killed when its lease ends", async ({ skip }) => {
      skip(obstacle !== undefined, obstacle);
      await withSyncs(create, async ({ requests, start, run }, database) => {
        const { signal } = await killWhen(start(), () => requests.length > 5);
        expect(signal).toBe("SIGKILL");
        expect((await run()).status).toBe(75);
        await expireLease(database);
        const { status, stderr } = await run();
        expect(status, stderr).toBe(0);
      });
    });
  },
);
