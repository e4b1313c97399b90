import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newSqlite, type TestDatabase } from "../../support/databases.ts";
import { startOpik, type Opik } from "../../support/opik.ts";
import { newFolder, run } from "../../support/program.ts";
import { differences } from "../differences.ts";
import { changeContent, newContent } from "./content.ts";
import { requireSdk, runNpmSdk, runPythonSdk, serverVariables } from "./opik-sdks.ts";
import { parseDigits, withoutOwnNames, type Contents, type Values } from "./reading.ts";
import { npmContents, sdkReading } from "./sdk-reading.ts";
import { storedCells, storedContents } from "./stored-reading.ts";

const servers = [
  { server: "a server of one's own, after changes", login: undefined },
  { server: "a server with a login", login: { apiKey: "opik-key-2f9c1e77", workspace: "acme" } },
];

describe.each(servers)("$server: what the SDKs read, opik-sync has written", ({ login }) => {
  let opik: Opik;
  let database: TestDatabase;
  let folder: Awaited<ReturnType<typeof newFolder>>;

  beforeAll(async () => {
    opik = await startOpik({ workspace: newContent(), ...(login && { login }) });
    database = await newSqlite();
    folder = await newFolder({
      "configuration.json": {
        destination: database.url,
        // Items with the same id in two datasets are two rows.
        opik: { dataset_item_key: "dataset_and_item" },
      },
    });
    await expectSynced();
    if (login) return;
    changeContent(opik.workspace);
    await expectSynced();
  });
  afterAll(async () => {
    await opik[Symbol.asyncDispose]();
    await database.drop();
    await folder[Symbol.asyncDispose]();
  });

  const server = () => ({ url: opik.url, home: folder.path, ...(login && { login }) });

  /** The variables are those from which the SDKs know the server. */
  const expectSynced = async (): Promise<void> => {
    const env = serverVariables(server());
    expect(await run("opik-sync", [], { cwd: folder.path, env })).toMatchObject({ status: 0 });
  };

  /** Streams show nothing of a dataset that has no version. */
  const isStreamed = (dataset: string): boolean =>
    opik.workspace.dataset(dataset)!.versions.length > 0;

  /** Both could be wrong in the same way; the emulator's own counts are a third witness. */
  const expectComplete = (contents: Contents): void => {
    const sizes = new Map([...contents].map(([id, items]) => [id, items.length]));
    const datasets = opik.workspace.datasets.filter(({ size }) => size > 0);
    expect(sizes).toEqual(new Map(datasets.map(({ id, size }) => [id, size])));
    // More than the SDKs ask for in one request.
    expect(Math.max(...sizes.values())).toBeGreaterThan(2000);
  };

  test("through Python", async (context) => {
    const python = requireSdk(context, "python");
    const script = join(import.meta.dirname, "read-workspace.py");
    const read = sdkReading(await runPythonSdk(python, [script], server()));
    const stored = await storedCells(database);

    expect(differences(stored, read.cells)).toEqual([]);
    const items = [...stored].filter(([key]) => {
      const [table, dataset = ""] = key.split("/");
      return table === "opik_dataset_item" && isStreamed(dataset);
    });
    expect(differences(new Map(items), read.streamed)).toEqual([]);
    expect(differences(await storedContents(database, parseDigits), read.contents)).toEqual([]);
    expectComplete(read.contents);
  });

  test("through npm", async (context) => {
    const modules = requireSdk(context, "npm");
    const { projects, datasets } = opik.workspace;
    const asked = datasets.map(({ entity: { name, project_id } }) => {
      const project = projects.find(({ id }) => id === project_id);
      return JSON.stringify(project ? [name, project.name] : [name]);
    });
    const lines = await runNpmSdk(modules, ["read-items.js", ...asked], server());
    const stored = [...(await storedContents(database, parseAsJavaScript))];
    const streamed = new Map(stored.filter(([id]) => isStreamed(id)));

    expect(differences(streamed, npmContents(lines))).toEqual([]);
    expect(stored.length).toBeGreaterThan(5);
  });

  test("through `opik export`", async (context) => {
    const python = requireSdk(context, "python");
    const workspace = login?.workspace ?? "default";
    const what = [workspace, "support bot", "all", "--include", "datasets"];
    await runPythonSdk(python, ["-m", "opik.cli", "export", ...what], server());

    const exported = await readExport(folder.path);
    const stored = await storedContents(database, parseDigits);
    expect(exported.size).toBe(4);
    const wanted = [...stored]
      .filter(([id]) => exported.has(id))
      .map(([id, items]) => [id, items.map(withoutId)] as const);
    expect(differences(new Map(wanted), exported)).toEqual([]);
  });
});

/** An export leaves the items' ids out. */
function withoutId(content: Values): Values {
  return Object.fromEntries(Object.entries(content).filter(([name]) => name !== "id"));
}

/** What `JSON.parse` cannot hold is printed as null. */
function parseAsJavaScript(text: string): unknown {
  return JSON.parse(JSON.stringify(JSON.parse(text))) as unknown;
}

/** The items of each exported dataset, by the dataset's id. */
async function readExport(folder: string): Promise<ReadonlyMap<string, readonly Values[]>> {
  const root = join(folder, "opik_exports");
  const files = (await readdir(root, { recursive: true })).filter((path) =>
    /dataset_[^/\\]*\.json$/.test(path),
  );
  const exported = files.map(async (path) => {
    const text = await readFile(join(root, path), "utf8");
    const { id, items } = parseDigits(text) as { id: string; items: Values[] };
    return [id, items.map(withoutOwnNames)] as const;
  });
  return new Map(await Promise.all(exported));
}
