import { createServer } from "node:net";
import { join } from "node:path";
import { chmod, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import Database from "better-sqlite3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startOpik, type Opik } from "../support/opik.ts";
import { logLines, newFolder, run, type EndedProgram } from "../support/program.ts";

const key = "opik-key-2f9c1e77";
const login = { apiKey: key, workspace: "team" };
let opik: Opik;
beforeAll(async () => {
  opik = await startOpik({ login });
  opik.workspace.addProject({ name: "one" });
});
afterAll(async () => {
  await opik[Symbol.asyncDispose]();
});

interface Attempt {
  readonly config?: Readonly<Record<string, unknown>> | string;
  readonly args?: readonly string[];
  readonly destination?: string;
  readonly prepare?: (folder: string) => Promise<void> | void;
}

/** Runs `opik-sync` in a new folder, with a configuration that works except for the overrides. */
async function attempt({
  config = {},
  args = [],
  destination,
  prepare,
}: Attempt): Promise<EndedProgram> {
  const section = {
    COMET_OPIK_API_KEY: key,
    COMET_OPIK_WORKSPACE: "team",
    base_url: opik.url,
    retry_attempts: 0,
  };
  const file = typeof config === "string" ? config : { opik: { ...section, ...config } };
  await using folder = await newFolder({ "configuration.json": file });
  await prepare?.(folder.path);
  const target = destination === undefined ? [] : ["--destination", destination];
  return await run("opik-sync", [...args, ...target], { cwd: folder.path });
}

function severe(ended: EndedProgram): string {
  return logLines(ended)
    .filter(({ level }) => level === "severe")
    .map(({ message }) => String(message))
    .join("\n");
}

describe("exit status 2: a person must change something", () => {
  test.each<[string, Attempt, RegExp]>([
    ["no file", { args: ["--config", "nowhere.json"] }, /nowhere\.json: no such file; .*init/],
    ["not JSON", { config: '{"opik": {\n' }, /configuration\.json: line \d, column \d: not JSON/],
    [
      "an unknown key",
      { config: { page_sice: 1 } },
      /opik\.page_sice: unknown key; did you mean "page_size"\?/,
    ],
    [
      "a wrong type",
      { config: { page_size: "lots" } },
      /opik\.page_size: expected a whole number .*, got "lots"/,
    ],
    [
      "a wrong key",
      { config: { COMET_OPIK_API_KEY: "not-the-key" } },
      /401.*check opik\.COMET_OPIK_API_KEY/,
    ],
    [
      "a wrong workspace",
      { config: { COMET_OPIK_WORKSPACE: "theirs" } },
      /"theirs".*COMET_OPIK_WORKSPACE|COMET_OPIK_WORKSPACE.*"theirs"/,
    ],
    [
      "an unknown stream",
      { args: ["--streams", "opik_projekt"] },
      /--streams: unknown stream "opik_projekt"; did you mean "opik_project"\?/,
    ],
    [
      "an unknown destination",
      { destination: "mysql://host/db" },
      /expected a file .* or postgres:.*, got "mysql:"/,
    ],
    [
      "a directory that does not exist",
      { destination: "sqlite:./no/such/dir/a.db" },
      /there is no directory "\.\/no\/such\/dir"; create it first/,
    ],
    [
      "a file that is not a SQLite database",
      {
        destination: "sqlite:./notes.txt",
        prepare: (folder) => writeFile(join(folder, "notes.txt"), "dear diary, ".repeat(500)),
      },
      /notes\.txt.*not a SQLite database/,
    ],
  ])("%s", async (_name, options, message) => {
    const ended = await attempt(options);
    expect(severe(ended)).toMatch(message);
    expect(ended.status).toBe(2);
    expect(ended.stdout).toBe("");
  });

  test("an existing table with another primary key, which does not stop the other streams", async () => {
    const ended = await attempt({
      prepare(folder) {
        const db = new Database(join(folder, "warehouse.db"));
        db.exec("CREATE TABLE opik_project (name TEXT PRIMARY KEY, project_id TEXT)");
        db.close();
      },
    });
    expect(severe(ended)).toMatch(/opik_project.*primary key/);
    expect(ended.status).toBe(2);
    expect(ended.stdout).toMatch(/opik_dataset_item/);
  });

  test("a workspace that does not exist on a self-hosted server", async () => {
    await using selfHosted = await startOpik();
    const config = {
      opik: { base_url: selfHosted.url, COMET_OPIK_WORKSPACE: "team", retry_attempts: 0 },
    };
    const ended = await attempt({ config: JSON.stringify(config) });
    expect(severe(ended)).toMatch(/404.*Workspace not found.*COMET_OPIK_WORKSPACE/);
    expect(ended.status).toBe(2);
  });

  test.runIf(process.platform !== "win32" && process.getuid?.() !== 0)(
    "a directory that cannot be written",
    async () => {
      const prepare = async (folder: string): Promise<void> => {
        await mkdir(join(folder, "locked"));
        await chmod(join(folder, "locked"), 0o500);
      };
      const ended = await attempt({ destination: "sqlite:./locked/a.db", prepare });
      expect(severe(ended)).toMatch(/locked\/a\.db.*permission/);
      expect(ended.status).toBe(2);
    },
  );

  test("an unknown command or flag", async () => {
    for (const args of [["snyc"], ["--dry-rum"], ["sync", "surplus"]]) {
      const ended = await attempt({ args });
      expect(ended.stderr).toMatch(/opik-sync (?:sync )?--help/);
      expect(ended.status).toBe(2);
    }
  });
});

describe("exit status 1: a retry may succeed", () => {
  test("a service that cannot be reached", async () => {
    const free = createServer().listen(0, "127.0.0.1");
    await new Promise((listening) => free.once("listening", listening));
    const address = free.address();
    const port = typeof address === "object" && address ? address.port : 0;
    await new Promise((closed) => free.close(closed));
    const ended = await attempt({ config: { base_url: `http://127.0.0.1:${port}` } });
    expect(severe(ended)).toMatch(
      new RegExp(`could not connect.*127.0.0.1:${port}.*ECONNREFUSED.*check base_url`),
    );
    expect(ended.status).toBe(1);
  });

  test("a host that does not exist", async () => {
    const ended = await attempt({ config: { base_url: "http://no-such-host.invalid" } });
    expect(severe(ended)).toMatch(/no-such-host\.invalid/);
    expect(ended.status).toBe(1);
  });

  test("a service that fails", async () => {
    await using failing = await startOpik({
      login,
      intercept: (_request, response) => response.writeHead(503).end("<html>"),
    });
    const ended = await attempt({ config: { base_url: failing.url } });
    expect(severe(ended)).toMatch(/503/);
    expect(ended.status).toBe(1);
  });
});

test("never prints the key, at any log level, whatever goes wrong", async () => {
  const attempts: Attempt[] = [
    { args: ["--log-level", "debug"] },
    { args: ["check", "--log-level", "debug"] },
    { args: ["about", "--json"] },
    { args: ["sample", "--json", "--log-level", "debug"] },
    { args: ["--log-level", "debug"], config: { base_url: "http://127.0.0.1:1" } },
    {
      args: ["--log-level", "debug", "--log-format", "pretty"],
      config: { COMET_OPIK_WORKSPACE: "theirs" },
    },
    { config: { page_size: "lots" } },
    { config: `{"opik": {"COMET_OPIK_API_KEY": "${key}" "base_url": 1}}` },
  ];
  for (const options of attempts) {
    const { stdout, stderr } = await attempt(options);
    expect(stdout + stderr).not.toBe("");
    expect(stdout + stderr).not.toContain(key);
  }
});

test("stores the key nowhere, and does not log it even if the service returns it in an error", async () => {
  await using spiteful = await startOpik({
    intercept: (request, response) =>
      response
        .writeHead(418)
        .end(JSON.stringify({ message: `no ${String(request.headers.authorization)}` })),
  });
  await using folder = await newFolder();
  const section = { COMET_OPIK_API_KEY: key, COMET_OPIK_WORKSPACE: "team", retry_attempts: 0 };
  for (const url of [opik.url, spiteful.url]) {
    await writeFile(
      join(folder.path, "c.json"),
      JSON.stringify({ opik: { ...section, base_url: url }, pipeline: url }),
      { mode: 0o600 },
    );
    const { stdout, stderr } = await run(
      "opik-sync",
      ["--config", "c.json", "--destination", `sqlite:./${url === opik.url ? "a" : "b"}.db`],
      {
        cwd: folder.path,
      },
    );
    expect(stdout + stderr).not.toContain(key);
  }
  for (const name of await readdir(folder.path)) {
    if (name === "c.json") continue;
    const bytes = await readFile(join(folder.path, name));
    expect(bytes.length).toBeGreaterThan(0);
    expect(bytes.includes(key)).toBe(false);
  }
});
