import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { exitStatusOfSync } from "../../src/cli/invocation/exit-status.ts";
import type { Summary } from "../../src/engine/sync.ts";
import { startCountly } from "../support/countly.ts";
import { newSqlite, type TestDatabase } from "../support/databases.ts";
import { startOpik } from "../support/opik.ts";
import { syncCountly } from "../support/sync-countly.ts";
import { syncOpik } from "../support/sync-source.ts";
import { syncWandb } from "../support/sync-wandb.ts";
import { startWandb } from "../support/wandb.ts";

/** The emulator of a service with one thing that is read on its own: an app, a run. */
interface Service extends AsyncDisposable {
  /** The stream that has rows of the thing. */
  readonly stream: string;
  sync(destination: string): Promise<Summary>;
  /** Makes the first thing unreadable; returns what makes it readable again. */
  breakFirst(): () => void;
  addAnother(): void;
}

async function countlyService(): Promise<Service> {
  const countly = await startCountly();
  const app = countly.workspace.addApp({ users: 3 });
  const { url, apiKey, faults } = countly;
  return {
    stream: "users",
    sync: (destination) => syncCountly({ url, apiKey, destination }),
    breakFirst() {
      faults.brokenApp = { app: app.id, status: 500 };
      return () => delete faults.brokenApp;
    },
    addAnother: () => void countly.workspace.addApp({ users: 2 }),
    [Symbol.asyncDispose]: () => countly[Symbol.asyncDispose](),
  };
}

async function opikService(): Promise<Service> {
  const opik = await startOpik();
  const { url, workspace, faults } = opik;
  const add = (name: string) => {
    const dataset = workspace.addDataset({ name });
    dataset.addItems([{ data: { input: 1 } }, { data: { input: 2 } }]);
    return dataset;
  };
  const first = add("first");
  return {
    stream: "opik_dataset_item",
    sync: (destination) => syncOpik({ url, destination }, { retry_attempts: 0 }),
    breakFirst() {
      // Unchanged, it would not be read again.
      first.addItems([{ data: { input: 3 } }]);
      faults.brokenDataset = first.id;
      return () => delete faults.brokenDataset;
    },
    addAnother() {
      add("second");
    },
    [Symbol.asyncDispose]: () => opik[Symbol.asyncDispose](),
  };
}

async function wandbService(): Promise<Service> {
  const wandb = await startWandb();
  const { url, workspace, faults } = wandb;
  const project = workspace.project("vision") ?? workspace.addProject({ name: "vision" });
  project.addRun({ name: "first" }).log({ loss: 1 });
  const { apiKey } = wandb;
  return {
    stream: "metrics",
    sync: (destination) => syncWandb({ url, apiKey, destination }, { retry_attempts: 0 }),
    breakFirst() {
      faults.brokenHistory = { run: "first", status: 500 };
      return () => delete faults.brokenHistory;
    },
    addAnother() {
      project.addRun({ name: "second" }).log({ loss: 2 });
    },
    [Symbol.asyncDispose]: () => wandb[Symbol.asyncDispose](),
  };
}

const services: readonly [string, () => Promise<Service>][] = [
  ["countly", countlyService],
  ["opik", opikService],
  ["wandb", wandbService],
];

describe.each(services)("%s", (_name, start) => {
  let database: TestDatabase;
  let service: Service;
  beforeEach(async () => {
    database = await newSqlite();
    service = await start();
  });
  afterEach(async () => {
    await service[Symbol.asyncDispose]();
    await database.drop();
  });

  const sync = (): Promise<Summary> => service.sync(database.url);
  const exit = async (): Promise<number> => exitStatusOfSync(await sync());

  test("a stream of which nothing was ever read fails, in each sync until it can be read", async () => {
    const repair = service.breakFirst();
    for (let syncs = 0; syncs < 3; syncs += 1) {
      const summary = await sync();
      expect([exitStatusOfSync(summary), [...summary.failures.keys()]]).toEqual([
        1,
        [service.stream],
      ]);
      expect(summary.quarantined).toBe(1);
    }
    repair();
    expect(await exit()).toBe(0);
  });

  test("a stream that was read before is partial, in each sync", async () => {
    expect(await exit()).toBe(0);
    service.breakFirst();
    for (let syncs = 0; syncs < 3; syncs += 1) expect(await exit()).toBe(3);
  });

  test("a stream with something that can be read is partial, in each sync", async () => {
    service.breakFirst();
    service.addAnother();
    for (let syncs = 0; syncs < 3; syncs += 1) expect(await exit()).toBe(3);
  });
});
