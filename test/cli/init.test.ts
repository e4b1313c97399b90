import { chmod, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startOpik, type Opik } from "../support/opik.ts";
import { newFolder, run } from "../support/program.ts";
import {
  controlC,
  runOnTerminal,
  enter,
  hasTerminal,
  type TerminalStep,
} from "../support/terminal.ts";

const key = "opik-key-2f9c1e77";
let opik: Opik;
beforeAll(async () => {
  opik = await startOpik({ login: { apiKey: key, workspace: "team" } });
});
afterAll(async () => {
  await opik[Symbol.asyncDispose]();
});

const questions = (url: string): readonly TerminalStep[] => [
  [/COMET_OPIK_API_KEY:/, key + enter],
  [/COMET_OPIK_WORKSPACE:/, `team${enter}`],
  [/base_url:/, url + enter],
];

describe.runIf(hasTerminal)("init", () => {
  test("writes settings that work, readable by the owner only, and a sync uses them", async () => {
    await using folder = await newFolder();
    const steps: TerminalStep[] = [...questions(opik.url), [/Destination/, enter]];
    const { status, stdout } = await runOnTerminal("opik-sync", ["init"], {
      cwd: folder.path,
      steps,
    });
    expect(stdout).toMatch(/Login works/);
    expect(stdout).not.toContain(key);
    expect(status).toBe(0);
    const file = join(folder.path, "configuration.json");
    expect(JSON.parse(await readFile(file, "utf8"))).toEqual({
      destination: "sqlite:./warehouse.db",
      opik: { COMET_OPIK_API_KEY: key, COMET_OPIK_WORKSPACE: "team", base_url: opik.url },
    });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await run("opik-sync", [], { cwd: folder.path })).toMatchObject({ status: 0 });
  });

  test("keeps the form and the other settings of an existing file, and restricts its mode", async () => {
    const flat = { COMET_OPIK_API_KEY: "old", COMET_OPIK_WORKSPACE: "old", page_size: 7 };
    const section = { destination: "sqlite:./a.db", opik: flat, wandb: { entity: "e" } };
    for (const before of [{ ...flat, destination: "sqlite:./a.db" }, section]) {
      await using folder = await newFolder({ "configuration.json": before });
      const file = join(folder.path, "configuration.json");
      await chmod(file, 0o644);
      const steps: TerminalStep[] = [[/Replace it\?/, `y${enter}`], ...questions(opik.url)];
      const { status } = await runOnTerminal("opik-sync", ["init"], { cwd: folder.path, steps });
      expect(status).toBe(0);
      const login = { COMET_OPIK_API_KEY: key, COMET_OPIK_WORKSPACE: "team", base_url: opik.url };
      const after =
        "opik" in before ? { ...before, opik: { ...flat, ...login } } : { ...before, ...login };
      expect(JSON.parse(await readFile(file, "utf8"))).toEqual(after);
      expect((await stat(file)).mode & 0o777).toBe(0o600);
      expect(await run("opik-sync", [], { cwd: folder.path })).toMatchObject({ status: 0 });
    }
  });

  test("ends silently with 130 on Ctrl-C at a question, and writes nothing", async () => {
    await using folder = await newFolder();
    const steps: TerminalStep[] = [[/COMET_OPIK_API_KEY:/, controlC]];
    const { status, stdout } = await runOnTerminal("opik-sync", ["init"], {
      cwd: folder.path,
      steps,
    });
    expect(status).toBe(130);
    expect(stdout).not.toMatch(/bug|error|warning|interrupted|at .*\.js/i);
    await expect(stat(join(folder.path, "configuration.json"))).rejects.toThrow(/ENOENT/);
  });

  test("reports an invalid answer in the same words as an invalid file", async () => {
    await using folder = await newFolder();
    const steps: TerminalStep[] = [
      [/COMET_OPIK_API_KEY:/, enter],
      [/COMET_OPIK_WORKSPACE:/, `team${enter}`],
      [/base_url:/, enter],
      [/Try again\?/, `n${enter}`],
    ];
    const { status, stdout } = await runOnTerminal("opik-sync", ["init"], {
      cwd: folder.path,
      steps,
    });
    expect(stdout).toMatch(/Login failed: COMET_OPIK_API_KEY: missing; set your API key/);
    expect(status).toBe(2);
  });

  test("asks nothing if the file cannot be written, or an existing one cannot be read", async () => {
    await using folder = await newFolder({ "broken.json": '{"opik": ' });
    await writeFile(join(folder.path, "list.json"), "[]");
    for (const [path, reason] of [
      ["nonexistent/dir/c.json", /its directory does not exist/],
      [".", /is a directory/],
      ["broken.json", /not JSON/],
      ["list.json", /expected a JSON object/],
    ] as const) {
      const args = ["init", "--config", path];
      const { status, stdout } = await runOnTerminal("opik-sync", args, {
        cwd: folder.path,
        steps: [],
      });
      expect(stdout).toMatch(reason);
      expect(stdout).not.toMatch(/COMET_OPIK/);
      expect(status).toBe(2);
    }
    expect(await readFile(join(folder.path, "broken.json"), "utf8")).toBe('{"opik": ');
  });
});

test("init reports that it needs a terminal", async () => {
  const { status, stderr } = await run("opik-sync", ["init"]);
  expect(stderr).toMatch(/standard input is not a terminal/);
  expect(status).toBe(2);
});
