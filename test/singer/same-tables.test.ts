import { describe, expect, test } from "vitest";
import type { Source } from "../../src/core/source.ts";
import { demoWorkspace as countlyDemo } from "../../src/emulators/countly/demo-workspace.ts";
import { demoWorkspace as opikDemo } from "../../src/emulators/opik/demo-workspace.ts";
import {
  demoWorkspace as wandbDemo,
  continueTraining,
} from "../../src/emulators/wandb/demo-workspace.ts";
import { countly } from "../../src/sources/countly/source.ts";
import { opik } from "../../src/sources/opik/source.ts";
import { wandb } from "../../src/sources/wandb/source.ts";
import { contents } from "../support/contents.ts";
import { startCountly } from "../support/countly.ts";
import { databases, type TestDatabase } from "../support/databases.ts";
import { startOpik } from "../support/opik.ts";
import { syncSource } from "../support/sync-source.ts";
import { startWandb } from "../support/wandb.ts";
import { tapToTarget } from "./tap-to-target.ts";

/** A service, and what changes there between syncs. */
interface Scenario extends AsyncDisposable {
  readonly source: Source;
  readonly config: Readonly<Record<string, unknown>>;
  readonly changes: readonly (() => void)[];
}

const scenarios = { opik: opikScenario, wandb: wandbScenario, countly: countlyScenario } as const;

async function opikScenario(): Promise<Scenario> {
  const workspace = opikDemo();
  const server = await startOpik({ workspace });
  const [first, second, third] = workspace.datasets;
  return {
    source: opik,
    config: { base_url: server.url, page_size: 100 },
    changes: [
      () => {
        const [added = ""] =
          first?.addItems([{ data: { input: "new", odd: [1.0, null, "é"] } }]) ?? [];
        first?.updateItem(added, { tags: ["new"] });
        second?.deleteItems(
          second
            .itemsAt(1)
            .slice(0, 7)
            .map(({ item }) => item.id),
        );
        if (third) workspace.deleteDataset(third.entity.id);
      },
      () => {
        const [project] = workspace.projects;
        if (project) workspace.deleteProject(project.id);
      },
      () => undefined,
    ],
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

async function wandbScenario(): Promise<Scenario> {
  const workspace = wandbDemo();
  const server = await startWandb({ workspace });
  const [project] = workspace.projects;
  return {
    source: wandb,
    config: {
      ...{ base_url: server.url, api_key: server.apiKey, entity: workspace.entity },
      ...{ project: project?.fields.name, page_size: 3 },
    },
    changes: [
      () => {
        if (project) continueTraining(project, 30);
        project?.addRun({ name: "brandnew" }).log({ loss: 0.1, words: "é\n" });
      },
      () => {
        project?.deleteRun("q0v8c3rn");
        project?.run("w9e6d1ju")?.rewind(100);
      },
      () => undefined,
    ],
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

async function countlyScenario(): Promise<Scenario> {
  const workspace = countlyDemo();
  const server = await startCountly({ workspace, edition: "enterprise" });
  const [first, second] = workspace.apps;
  return {
    source: countly,
    config: {
      ...{ base_url: server.url, api_key: server.apiKey, app_id: "*", lookback_minutes: 0 },
      ...{ enable_users_sync: true, enable_groups_sync: true, max_records_per_page: 50 },
    },
    changes: [
      () => {
        const { _id } = first?.addUser({ name: "late" }) ?? { _id: "" };
        first?.updateUser(_id, { custom: { plan: "pro" } });
      },
      () => {
        if (second) workspace.deleteApp(second.id);
        const [group] = workspace.groups;
        if (group) workspace.deleteGroup(group.id);
      },
      () => undefined,
    ],
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

type Rows = readonly Readonly<Record<string, unknown>>[];

/** All cells except the time of the sync. */
async function cells(database: TestDatabase): Promise<Record<string, Rows>> {
  const tables = await contents(database);
  return Object.fromEntries(
    Object.entries(tables).map(([table, rows]) => [
      table,
      rows.map((row) => ({ ...row, processed_at: undefined })),
    ]),
  );
}

describe.each(databases)("on %s", (_name, newDatabase) => {
  test.each(Object.entries(scenarios))(
    "%s: tap and target produce the same tables as sync, also after changes and deletions",
    { timeout: 120_000 },
    async (_source, newScenario) => {
      await using scenario = await newScenario();
      const [synced, tapped] = [await newDatabase(), await newDatabase()];
      try {
        let state = "";
        for (const change of [() => undefined, ...scenario.changes]) {
          change();
          const startedAt = new Date();
          const options = { config: scenario.config, startedAt };
          await syncSource(scenario.source, { ...options, destination: synced.url });
          const run = await tapToTarget(scenario.source, {
            ...options,
            destination: tapped.url,
            state,
          });
          state = run.state;
          expect(run.tap).toEqual({ rejectedCount: 0, failedStreams: [] });
          expect(await cells(tapped)).toEqual(await cells(synced));
        }
        const all = Object.values(await cells(synced)).flat();
        const deleted = all.filter(({ _deleted }) => _deleted !== 0 && _deleted !== "f");
        expect(deleted.length).toBeGreaterThan(0);
        expect(deleted.length).toBeLessThan(all.length);
      } finally {
        await synced.drop();
        await tapped.drop();
      }
    },
  );
});
