import { afterEach, describe, expect, test } from "vitest";
import type { Source } from "../../src/core/source.ts";
import { demoWorkspace as countlyDemo } from "../../src/emulators/countly/demo-workspace.ts";
import { RawJson } from "../../src/emulators/raw-json.ts";
import { OpikWorkspace } from "../../src/emulators/opik/workspace.ts";
import {
  continueTraining,
  demoWorkspace as wandbDemo,
} from "../../src/emulators/wandb/demo-workspace.ts";
import { countly } from "../../src/sources/countly/source.ts";
import { opik } from "../../src/sources/opik/source.ts";
import { wandb } from "../../src/sources/wandb/source.ts";
import { startCountly } from "../support/countly.ts";
import { newSqlite, type TestDatabase } from "../support/databases.ts";
import { startOpik } from "../support/opik.ts";
import { syncSource } from "../support/sync-source.ts";
import { startWandb } from "../support/wandb.ts";
import { serveSource } from "../fivetran/serving.ts";

/** A service with data, and the changes that people make to it. */
interface Scenario extends AsyncDisposable {
  readonly source: Source;
  readonly configuration: Readonly<Record<string, string>>;
  readonly tables: readonly string[];
  readonly changes: readonly (() => void)[];
}

async function opikScenario(): Promise<Scenario> {
  const workspace = new OpikWorkspace();
  for (let p = 0; p < 7; p += 1) workspace.addProject({ name: `project ${p}` });
  for (let d = 0; d < 4; d += 1) {
    const items = Array.from({ length: 60 }, (_, i) => ({
      data: { input: i, note: "ü \u0000 🔢" },
    }));
    workspace.addDataset({ name: `set ${d}` }).addItems(items);
  }
  const service = await startOpik({ workspace });
  const [first, second, third] = workspace.datasets;
  const ids = (): string[] =>
    (first?.itemsAt(first.versions.length) ?? []).map(({ item }) => item.id);
  return {
    source: opik,
    configuration: { base_url: service.url, page_size: "20" },
    tables: ["opik_project", "opik_dataset", "opik_dataset_item"],
    changes: [
      () => first?.addItems([{ data: { input: "new" } }]),
      () => first?.deleteItems(ids().slice(10, 12)),
      () => {
        workspace.deleteProject(workspace.projects[2]?.id ?? "");
        workspace.deleteDataset(second?.id ?? "");
        third?.addItems([{ data: { input: new RawJson("9007199254740993") } }]);
      },
    ],
    [Symbol.asyncDispose]: () => service[Symbol.asyncDispose](),
  };
}

async function wandbScenario(): Promise<Scenario> {
  const workspace = wandbDemo();
  const service = await startWandb({ workspace });
  const project = workspace.project("digits");
  if (!project) throw new Error("no project digits");
  return {
    source: wandb,
    configuration: {
      ...{ base_url: service.url, api_key: service.apiKey, entity: "acme", project: "digits" },
    },
    tables: ["runs", "metrics"],
    changes: [
      () => {
        continueTraining(project, 20);
      },
      () => {
        project.deleteRun("k5z1m7pt");
      },
      () => {
        const run = project.run("w9e6d1ju");
        run?.rewind(30);
        run?.log({ loss: 0.5 });
      },
    ],
    [Symbol.asyncDispose]: () => service[Symbol.asyncDispose](),
  };
}

async function countlyScenario(): Promise<Scenario> {
  const workspace = countlyDemo();
  const service = await startCountly({ workspace });
  const [app, other] = [...workspace.apps];
  const added = app?.addUser({ did: "early", custom: { plan: "free" } })._id ?? "";
  return {
    source: countly,
    configuration: {
      ...{ base_url: service.url, api_key: service.apiKey, app_id: "*" },
    },
    tables: ["apps", "users"],
    changes: [
      () => app?.addUser({ did: "late", custom: { plan: "pro" } }),
      () => app?.deleteUser(added),
      () => {
        workspace.deleteApp(other?.id ?? "");
      },
    ],
    [Symbol.asyncDispose]: () => service[Symbol.asyncDispose](),
  };
}

/** Long enough for every periodic check to be due. */
const eightDaysMs = 8 * 86_400_000;

const scenarios = { opik: opikScenario, wandb: wandbScenario, countly: countlyScenario };

describe.each(Object.entries(scenarios))("%s", (_name, newScenario) => {
  const open: AsyncDisposable[] = [];
  let database: TestDatabase;
  afterEach(async () => {
    for (const each of open.splice(0).reverse()) await each[Symbol.asyncDispose]();
    await database.drop();
  });

  test("syncs that are cut off repeatedly end with the same tables", async () => {
    database = await newSqlite();
    const scenario = await newScenario();
    open.push(scenario);
    const { source, configuration: config } = scenario;
    let startedAt = new Date();
    const fivetran = await serveSource(source, config, { clock: () => startedAt });
    open.push(fivetran);
    for (const change of [() => undefined, ...scenario.changes]) {
      change();
      startedAt = new Date(startedAt.getTime() + eightDaysMs);
      for (let cutAfter = 1; cutAfter < 9; cutAfter += 1) await fivetran.sync({ cutAfter });
      await fivetran.sync();
    }
    await syncSource(source, { config, destination: database.url });
    for (const table of scenario.tables) {
      const expected = await database.query(`select * from ${table} where not _deleted`);
      const present = fivetran.rows(table).filter((row) => row["_deleted"] === 0n);
      expect(present.map(cells).sort()).toEqual(expected.map(cells).sort());
    }
  });

  test.each([
    ["with all keys in the state", 2 ** 20],
    ["with digests alone", 0],
  ])(
    "serve produces the same tables as sync, cell by cell, after each change, %s",
    async (_, maxKeyCharacters) => {
      database = await newSqlite();
      const scenario = await newScenario();
      open.push(scenario);
      const { source, configuration: config } = scenario;
      let startedAt = new Date();
      const clock = (): Date => startedAt;
      const fivetran = await serveSource(source, config, {
        maxKeyCharacters,
        clock,
      });
      open.push(fivetran);
      for (const change of [() => undefined, ...scenario.changes]) {
        change();
        await syncSource(source, { config, destination: database.url, startedAt });
        await fivetran.sync();
        for (const table of scenario.tables) {
          const expected = (await database.query(`select * from ${table}`)).map(cells);
          expect(expected.length).toBeGreaterThan(0);
          expect(fivetran.rows(table).map(cells).sort()).toEqual(expected.sort());
        }
        startedAt = new Date(startedAt.getTime() + eightDaysMs);
      }
    },
  );
});

/** Columns with the time of the sync. */
const ignored = ["_synced_at", "processed_at"];

/** The cells of a row as text. */
function cells(row: Readonly<Record<string, unknown>>): string {
  const entries = Object.entries(row)
    .filter(([column]) => !ignored.includes(column))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify(entries, (_key, value: unknown) =>
    typeof value === "bigint" ? Number(value) : value,
  );
}
