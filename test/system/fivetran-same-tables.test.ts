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
import { served } from "../fivetran/serving.ts";

/** A service with something in it, and how people go on to change it. */
interface Scene extends AsyncDisposable {
  readonly source: Source;
  readonly configuration: Readonly<Record<string, string>>;
  readonly tables: readonly string[];
  readonly changes: readonly (() => void)[];
}

async function opikScene(): Promise<Scene> {
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

async function wandbScene(): Promise<Scene> {
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

async function countlyScene(): Promise<Scene> {
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

/** So that what is only looked for now and then is due. */
const aWeekAndADay = 8 * 86_400_000;

const scenes = { opik: opikScene, wandb: wandbScene, countly: countlyScene };

describe.each(Object.entries(scenes))("%s", (_name, newScene) => {
  const open: AsyncDisposable[] = [];
  let database: TestDatabase;
  afterEach(async () => {
    for (const each of open.splice(0).reverse()) await each[Symbol.asyncDispose]();
    await database.drop();
  });

  test("what was cut off, again and again, ends with the same tables", async () => {
    database = await newSqlite();
    const scene = await newScene();
    open.push(scene);
    const { source, configuration: config } = scene;
    let startedAt = new Date();
    const fivetran = await served(source, config, { clock: () => startedAt });
    open.push(fivetran);
    for (const change of [() => undefined, ...scene.changes]) {
      change();
      startedAt = new Date(startedAt.getTime() + aWeekAndADay);
      for (let cutAfter = 1; cutAfter < 9; cutAfter += 1) await fivetran.sync({ cutAfter });
      await fivetran.sync();
    }
    await syncSource(source, { config, destination: database.url });
    for (const table of scene.tables) {
      const ours = await database.query(`select * from ${table} where not _deleted`);
      const standing = fivetran.rows(table).filter((row) => row["_deleted"] === 0n);
      expect(standing.map(cells).sort()).toEqual(ours.map(cells).sort());
    }
  });

  test.each([
    ["with all keys remembered", 2 ** 20],
    ["with digests alone", 0],
  ])(
    "the tables of serve are those of sync, cell by cell, after each change, %s",
    async (_, rememberedCharacters) => {
      database = await newSqlite();
      const scene = await newScene();
      open.push(scene);
      const { source, configuration: config } = scene;
      let startedAt = new Date();
      const clock = (): Date => startedAt;
      const fivetran = await served(source, config, {
        maxKeyCharacters: rememberedCharacters,
        clock,
      });
      open.push(fivetran);
      for (const change of [() => undefined, ...scene.changes]) {
        change();
        await syncSource(source, { config, destination: database.url, startedAt });
        await fivetran.sync();
        for (const table of scene.tables) {
          const ours = (await database.query(`select * from ${table}`)).map(cells);
          expect(ours.length).toBeGreaterThan(0);
          expect(fivetran.rows(table).map(cells).sort()).toEqual(ours.sort());
        }
        // So that what is only looked for now and then is due.
        startedAt = new Date(startedAt.getTime() + 8 * 86_400_000);
      }
    },
  );
});

/** The cells of a row as text, but for when it was changed here. */
const notCompared = ["_synced_at", "processed_at"];

function cells(row: Readonly<Record<string, unknown>>): string {
  const entries = Object.entries(row)
    .filter(([column]) => !notCompared.includes(column))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify(entries, (_key, value: unknown) =>
    typeof value === "bigint" ? Number(value) : value,
  );
}
