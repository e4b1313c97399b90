import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { databases } from "../support/databases.ts";
import { newFolder, run } from "../support/program.ts";

/** A source that lists as many runs as its configuration says, and keeps the believed number. */
const listSource = `
import { isMassDeletion, MassDeletionError, z } from "rivulet/connector";

export const connector = {
  kind: "source",
  name: "list",
  title: "List",
  config: z.object({ runs: z.number() }),
  identity: () => "here",
  streams: ({ runs: shown }) => [
    {
      name: "run",
      columns: { id: "integer" },
      primaryKey: ["id"],
      async *read({ checkpoints, allowMassDeletion = false }) {
        const { believed = 0 } = checkpoints.get("") ?? {};
        const rows = Array.from({ length: shown }, (_, id) => ({ id }));
        if (isMassDeletion({ believed, shown }) && !allowMassDeletion) {
          yield { rows };
          throw new MassDeletionError({ where: "list", noun: "runs", believed, shown });
        }
        const sweep = { keys: rows.map(({ id }) => [id]) };
        yield { rows, sweep, checkpoint: { believed: shown } };
      },
    },
  ],
  check: async () => undefined,
};
`;

const message =
  "list: lists 3 runs, 30 the last time; nothing was marked as deleted; if the others are gone for good, sync once with --allow-mass-deletion";

async function newSource() {
  const folder = await newFolder({ "list.js": listSource, "package.json": { type: "module" } });
  return {
    ...folder,
    async list(runs: number) {
      await writeFile(join(folder.path, "configuration.json"), JSON.stringify({ list: { runs } }));
    },
    run: (...args: string[]) =>
      run("rivulet", ["--connector", "./list.js", ...args], { cwd: folder.path }),
  };
}

test.each(databases)(
  "a sync that lists far fewer marks nothing and ends with 1 until it is allowed once, on %s",
  async (_name, newDatabase) => {
    const database = await newDatabase();
    await using source = await newSource();
    const sync = (...flags: string[]) =>
      source.run("sync", "--destination", database.url, ...flags);
    const live = async () => (await database.query("select id from run where not _deleted")).length;
    try {
      await source.list(30);
      expect(await sync()).toMatchObject({ status: 0 });
      await source.list(3);
      for (const flags of [[], [], ["--full-refresh"]]) {
        const refused = await sync(...flags);
        expect(refused.status).toBe(1);
        expect(refused.stderr).toContain(message);
        expect(await live()).toBe(30);
      }
      expect(await sync("--allow-mass-deletion")).toMatchObject({ status: 0 });
      expect(await live()).toBe(3);
      expect(await sync()).toMatchObject({ status: 0 });
    } finally {
      await database.drop();
    }
  },
);

test("the tap reports no deletion and ends with 1 until it is allowed once, or has no state", async () => {
  await using source = await newSource();
  const tap = (...flags: string[]) => source.run("tap", ...flags);
  const sweeps = ({ stdout }: { stdout: string }) => stdout.includes('"sweeps"');
  await source.list(30);
  const first = await tap();
  expect(first.status).toBe(0);
  const states = first.stdout.split("\n").filter((line) => line.includes('"type":"STATE"'));
  const { value } = JSON.parse(states.at(-1) ?? "") as { readonly value: unknown };
  await writeFile(join(source.path, "state.json"), JSON.stringify(value));
  await source.list(3);
  const refused = await tap("--state", "state.json");
  expect(refused).toMatchObject({ status: 1 });
  expect(refused.stderr).toContain(message);
  expect(sweeps(refused)).toBe(false);
  for (const flags of [["--state", "state.json", "--allow-mass-deletion"], []]) {
    const allowed = await tap(...flags);
    expect(allowed).toMatchObject({ status: 0 });
    expect(sweeps(allowed)).toBe(true);
  }
});
