import { expect, test } from "vitest";
import { runPiped } from "../singer/program.ts";
import { databases } from "../support/databases.ts";
import { newFolder, run } from "../support/program.ts";

const schema = {
  ...{ type: "SCHEMA", stream: "users", key_properties: ["id"] },
  schema: { properties: { id: { type: "integer" } } },
};
const good = [schema, { type: "RECORD", stream: "users", record: { id: 1 } }];
const bad = { type: "RECORD", stream: "users", record: { id: null } };
const state = { type: "STATE", value: { at: 1 } };

const text = (...lines: readonly unknown[]): string =>
  lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line))).join("\n");

test.each(databases)(
  "a target forgets a bad line when it is told to, and keeps its state, on %s",
  async (_name, newDatabase) => {
    await using folder = await newFolder();
    const { path: cwd } = folder;
    const database = await newDatabase();
    const where = ["--destination", database.url];
    const target = (...args: string[]) => run("rivulet", ["target", ...args, ...where], { cwd });
    const load = (...lines: readonly unknown[]) =>
      runPiped("rivulet", ["target", ...where], { cwd, input: text(...lines) });
    try {
      expect(await load(...good, "{broken", bad, state)).toMatchObject({ status: 3 });
      expect(await load(...good, state)).toMatchObject({ status: 3 });
      const shown = await target("quarantine");
      expect(shown.stdout).toMatch(/line 3: not JSON/);
      expect(shown.stdout).toMatch(/users/);
      expect((await target("status")).stdout).toMatch(/partial/);
      expect((await target("quarantine", "clear")).stdout).toMatch(/cleared 1 entry of lines/);
      expect((await target("quarantine")).stdout).not.toMatch(/not JSON/);
      expect((await target("quarantine", "clear", "users")).stdout).toMatch(/cleared 1 entry/);
      expect((await target("quarantine")).stdout).toMatch(/nothing is in quarantine/);
      expect((await target("state")).stdout).toBe('{"at":1}\n');
      expect(await load(...good, state)).toMatchObject({ status: 0 });
      expect(await target("quarantined")).toMatchObject({ status: 2 });
    } finally {
      await database.drop();
    }
  },
);
