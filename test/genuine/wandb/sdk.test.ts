import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newSqlite, type TestDatabase } from "../../support/databases.ts";
import { newFolder, run } from "../../support/program.ts";
import { startWandb, type Wandb } from "../../support/wandb.ts";
import { differences } from "../differences.ts";
import { changeContent, newContent } from "./content.ts";
import { sdkReading } from "./sdk-reading.ts";
import { storedReading } from "./stored-reading.ts";
import { requirePython, runSdkScript } from "./wandb-sdk.ts";

type Folder = Awaited<ReturnType<typeof newFolder>>;

let wandb: Wandb;
let database: TestDatabase;
let folder: Folder;

beforeAll(async () => {
  wandb = await startWandb({ workspace: newContent() });
  database = await newSqlite();
  const { url: base_url, apiKey: api_key } = wandb;
  folder = await newFolder({
    "configuration.json": {
      destination: database.url,
      // Names that begin with `_` are the SDK's own metrics, such as `_runtime`.
      wandb: { base_url, api_key, entity: "acme", projects: "*", metrics: "*,_*" },
    },
  });
});
afterAll(async () => {
  await wandb[Symbol.asyncDispose]();
  await database.drop();
  await folder[Symbol.asyncDispose]();
});

describe("what the official SDK reads, wandb-sync has written: every run, every cell", () => {
  const expectEqualReadings = async (python: string, ending: object): Promise<void> => {
    expect(await run("wandb-sync", [], { cwd: folder.path })).toMatchObject(ending);
    const stored = await storedReading(database);
    const lines = await runSdkScript(python, ["read-runs.py", "acme"], {
      ...wandb,
      home: folder.path,
    });
    const read = sdkReading(lines);

    expect(differences(stored.fields, read.fields)).toEqual([]);
    expect(differences(stored.cells, read.cells)).toEqual([]);
    expectComplete(read);
  };

  /** Both could be wrong in the same way; the emulator's own counts are a third witness. */
  const expectComplete = ({ runs, lines }: ReturnType<typeof sdkReading>): void => {
    const all = wandb.workspace.projects.flatMap((project) => project.runs);
    expect(runs).toBe(all.length);
    expect(lines).toBe(all.reduce((sum, { history }) => sum + history.lineCount, 0));
    expect(lines).toBeGreaterThan(3000);
  };

  test("in the first sync", async (context) => {
    await expectEqualReadings(requirePython(context), { status: 0 });
  });

  test("and again after runs were begun, continued, edited, ended and deleted", async (context) => {
    const python = requirePython(context);
    changeContent(wandb.workspace);
    await expectEqualReadings(python, { status: 0 });
  });
});
