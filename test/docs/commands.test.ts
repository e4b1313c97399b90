import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { newPostgres, newSqlite, type TestDatabase } from "../support/databases.ts";
import { run } from "../support/program.ts";
import { blocksOf, pages, root, type Block } from "./markdown.ts";
import { newWorkplace, startServices, type Services } from "./workplace.ts";

const shells = ["sh", "bash", "shell", "console"];

let services: Services;
beforeAll(async () => {
  services = await startServices();
});
afterAll(() => services[Symbol.asyncDispose]());

const isShell = ({ info: [language = ""] }: Block): boolean => shells.includes(language);
const isRun = (block: Block): boolean => !block.marks.has("not run");

const pagesWithCommands = pages.filter((page) => blocksOf(page).some(isShell));

describe.concurrent("the commands of", () => {
  test.each(pagesWithCommands)("%s run as printed", async (page) => {
    await using workplace = await newWorkplace(services, inject("postgresUrl"));
    // What a connector imports is there without an installation.
    await mkdir(join(workplace.folder, "node_modules"));
    await symlink(root, join(workplace.folder, "node_modules/rivulet"));
    for (const block of blocksOf(page).filter(isRun)) {
      const file = block.marks.get("file");
      if (file !== undefined) await workplace.save(file, block.code);
      if (isShell(block)) await workplace.run(block.code, block.marks.get("in"));
    }
  });

  test("all pages run, or say why not", () => {
    const all = pages.flatMap((page) => blocksOf(page).filter(isShell));
    const reasons = all.map(({ marks }) => marks.get("not run") ?? "it runs");
    expect(reasons.filter((reason) => !/\w+ \w+/.test(reason))).toEqual([]);
    expect(all.filter(isRun).length).toBeGreaterThan(all.length / 2);
  });
});

describe.each([
  ["sqlite", newSqlite],
  ["postgres", newPostgres],
] as const)("the queries of the documents, on %s", (dialect, create) => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await create();
    const env = { ...services.env, RIVULET_DESTINATION: database.url };
    const settings = { WANDB_ENTITY: "acme", WANDB_PROJECT: "digits", COUNTLY_APP_ID: "*" };
    for (const program of ["opik-sync", "wandb-sync", "countly-sync"])
      expect(await run(program, [], { env: { ...env, ...settings } })).toMatchObject({ status: 0 });
  });
  afterAll(() => database.drop());

  const other = dialect === "sqlite" ? "postgres" : "sqlite";
  const queries = pages
    .flatMap((page) => blocksOf(page))
    .filter((block) => block.info[0] === "sql" && isRun(block) && !block.info.includes(other));

  test.each(queries.map((block) => [block.where, block] as const))(
    "%s finds something",
    async (_where, { code, info }) => {
      const rows = await database.query(code);
      expect(rows.length > 0).toBe(!info.includes("empty"));
    },
  );
});
