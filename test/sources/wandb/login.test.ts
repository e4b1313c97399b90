import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { readConfiguration } from "../../../src/configuration/configuration.ts";
import { newLog } from "../../../src/core/log.ts";
import { newRequestStats } from "../../../src/core/request-stats.ts";
import type { WandbConfig } from "../../../src/sources/wandb/connection/config.ts";
import { requireApiKey } from "../../../src/sources/wandb/connection/login.ts";
import { wandb } from "../../../src/sources/wandb/source.ts";
import { connect } from "../../fivetran/client.ts";
import { serveSource } from "../../fivetran/serving.ts";
import { newFolder } from "../../support/program.ts";
import { enter, hasTerminal, runOnTerminal } from "../../support/terminal.ts";
import { startWandb, type Wandb } from "../../support/wandb.ts";

/** The length and the characters of the keys that W&B gives out today. */
const key = `wandb_v1_${"Ab3".repeat(27)}`;

let service: Wandb;
let home: Awaited<ReturnType<typeof newFolder>>;
/** Host and port of the service. */
let host: string;
beforeEach(async () => {
  service = await startWandb({ apiKey: key });
  service.workspace.addProject({ name: "vision" });
  host = new URL(service.url).host;
  home = await newFolder();
  vi.stubEnv("HOME", home.path);
  for (const name of ["API_KEY", "BASE_URL", "CONFIG_DIR", "ENTITY", "PROJECT"])
    vi.stubEnv(`WANDB_${name}`, undefined);
  vi.stubEnv("NETRC", undefined);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await home[Symbol.asyncDispose]();
  await service[Symbol.asyncDispose]();
});

async function writeHome(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(home.path, path)), { recursive: true });
  await writeFile(join(home.path, path), text);
}

/** What `wandb login` of the SDK 0.31.0 writes for a machine. */
const netrcEntry = (machine: string, password = key): string =>
  `machine ${machine}\n  login user\n  password ${password}\n`;

/** Reads the configuration as the commands do. */
async function configure(
  settings: Readonly<Record<string, unknown>>,
  env: Readonly<Record<string, string>> = {},
): Promise<WandbConfig> {
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  await writeHome("configuration.json", JSON.stringify({ wandb: settings }));
  const { config } = await readConfiguration({
    source: wandb,
    sourceNames: ["wandb"],
    env: process.env,
    path: join(home.path, "configuration.json"),
  });
  return config;
}

async function check(config: WandbConfig): Promise<void> {
  const { signal } = new AbortController();
  const log = newLog(() => undefined);
  await wandb.check(config, { log, transfer: newRequestStats(), signal, env: process.env });
}

const project = { entity: "acme", project: "vision" };

describe("the key in ~/.netrc", () => {
  test("is found by host and port, as `wandb login --host` saves it", async () => {
    await writeHome(".netrc", netrcEntry("127.0.0.1:1", "wrong") + netrcEntry(host));
    await check(await configure({ ...project, base_url: service.url }));
  });

  test("of the host and port is preferred to that of the host", async () => {
    await writeHome(".netrc", netrcEntry(host) + netrcEntry("127.0.0.1", "wrong"));
    await check(await configure({ ...project, base_url: service.url }));
  });

  test("of the host serves where its port has none", async () => {
    await writeHome(".netrc", netrcEntry("127.0.0.1"));
    await check(await configure({ ...project, base_url: service.url }));
  });

  test.each([
    ["https://api.wandb.ai", "api.forge.coreweave.com"],
    ["https://api.forge.coreweave.com", "api.wandb.ai"],
    ["https://wandb.example.com:443", "wandb.example.com:443"],
    ["https://wandb.example.com:443", "wandb.example.com"],
    ["https://WANDB.example.com", "wandb.example.com"],
    ["https://wandb.example.com:8443/api", "wandb.example.com:8443"],
    ["http://[::1]:8080", "'[::1]:8080'"],
    ["http://localhost:8080", "localhost:8080"],
  ])("for %s may be saved for %s", async (base_url, machine) => {
    await writeHome(".netrc", netrcEntry("other", "wrong") + netrcEntry(machine));
    expect(requireApiKey({ base_url }, process.env)).toBe(key);
  });

  test("of the cloud is that of the configured host, if both have one", async () => {
    await writeHome(
      ".netrc",
      netrcEntry("api.forge.coreweave.com", "forge") + netrcEntry("api.wandb.ai", "wandb"),
    );
    const keyFor = (base_url: string): string => requireApiKey({ base_url }, process.env);
    expect(keyFor("https://api.wandb.ai")).toBe("wandb");
    expect(keyFor("https://api.forge.coreweave.com")).toBe("forge");
  });

  test("is the weakest: the file, then the environment, come first", async () => {
    await writeHome(".netrc", netrcEntry(host, "wrong"));
    const settings = { ...project, base_url: service.url };
    await check(await configure({ ...settings, api_key: key }, { WANDB_API_KEY: "wrong" }));
    await check(await configure(settings, { WANDB_API_KEY: key }));
    await expect(check(await configure(settings, { WANDB_API_KEY: "" }))).rejects.toThrow(
      "does not recognize the key",
    );
  });

  test("may be in the file that NETRC names, or in _netrc", async () => {
    const config = await configure({ ...project, base_url: service.url });
    await writeHome("_netrc", netrcEntry(host));
    await check(config);
    await writeHome("other", netrcEntry(host));
    await writeHome(".netrc", netrcEntry(host, "wrong"));
    vi.stubEnv("NETRC", "~/other");
    await check(config);
  });

  test("is not sent over http to another machine, and the error says so", async () => {
    await writeHome(".netrc", netrcEntry("wandb.example.com:8080"));
    const config = await configure({ ...project, base_url: "http://wandb.example.com:8080" });
    await expect(check(config)).rejects.toThrow(
      "wandb.api_key: missing; set it or WANDB_API_KEY, or use https: a key of `wandb login` is not sent over http to another machine",
    );
  });

  test("if missing, is an error that names the file, the machines and the remedy", async () => {
    const netrc = join(home.path, ".netrc");
    await expect(check(await configure(project))).rejects.toThrow(
      `wandb.api_key: missing; set it or WANDB_API_KEY, or run \`wandb login\` (${netrc} has no key for api.wandb.ai or api.forge.coreweave.com; keys are at https://wandb.ai/authorize)`,
    );
    await expect(check(await configure({ ...project, base_url: service.url }))).rejects.toThrow(
      `wandb.api_key: missing; set it or WANDB_API_KEY, or run \`wandb login --host ${service.url}\` (${netrc} has no key for ${host} or 127.0.0.1; keys are at ${service.url}/authorize)`,
    );
  });
});

describe("~/.config/wandb/settings", () => {
  const file = ".config/wandb/settings";

  test("gives the server of `wandb login --host`: only entity and project are configured", async () => {
    await writeHome(file, `[default]\nbase_url = ${service.url}\n\n`);
    await writeHome(".netrc", netrcEntry(host));
    const config = await configure(project);
    expect(config.base_url).toBe(service.url);
    await check(config);
  });

  test("may give entity and project, too: then there is nothing to configure", async () => {
    await writeHome(
      file,
      `[default]\nbase_url = ${service.url}\nentity = acme\nproject = vision\n\n`,
    );
    await writeHome(".netrc", netrcEntry(host));
    await check(await configure({}));
  });

  test("is weaker than the environment, which is weaker than the file", async () => {
    await writeHome(
      file,
      "[default]\nbase_url = https://settings.example\nentity = s\nproject = s\n",
    );
    const env = { WANDB_ENTITY: "e", WANDB_BASE_URL: "https://env.example" };
    expect(await configure({ entity: "f" }, env)).toMatchObject({
      entity: "f",
      base_url: "https://env.example",
      project: "s",
    });
  });

  test("is looked for in WANDB_CONFIG_DIR", async () => {
    await writeHome("elsewhere/settings", "[default]\nentity = there\n");
    await writeHome(file, "[default]\nentity = here\n");
    const env = { WANDB_CONFIG_DIR: "~/elsewhere" };
    expect(await configure({ project: "p" }, env)).toMatchObject({ entity: "there" });
  });

  test("is named by the error about a value in it", async () => {
    await writeHome(file, "[default]\nbase_url = https://wandb.ai\n");
    await expect(configure(project)).rejects.toThrow(
      `${join(home.path, file)}: base_url: expected the URL of the API, got "https://wandb.ai"; did you mean https://api.wandb.ai?`,
    );
  });

  test.each([
    ["comments, spaces, colons and cases", "# x\n; y\n[default]\r\n  \nEntity :  acme\r\n", "acme"],
    ["a doubled percent sign", "[default]\nentity=a%%b\n", "a%b"],
    ["a byte order mark", "\uFEFF[default]\nentity = acme\n", "acme"],
    [
      "other sections",
      "entity = no\n[other]\nentity = no\n[default]\nentity = acme\n[x]\n",
      "acme",
    ],
    ["lines that are no setting", "[default]\n\u0000\n=\n[\nentity\nentity = acme\n", "acme"],
  ])("is read with %s", async (_what, text, entity) => {
    await writeHome(file, text);
    expect(await configure({ project: "p" })).toMatchObject({ entity });
  });

  test.each([
    ["is empty", ""],
    ["has no section", "entity = acme\n"],
    ["has an empty value", "[default]\nentity =\n"],
    ["is binary", Buffer.from([0, 255, 254, 10, 91]).toString("latin1")],
  ])("that %s is ignored", async (_what, text) => {
    await writeHome(file, text);
    await expect(configure({ project: "p" })).rejects.toThrow("wandb.entity: missing");
  });

  test("that cannot be read is ignored", async () => {
    await mkdir(join(home.path, file), { recursive: true });
    expect(await configure(project)).toMatchObject(project);
  });
});

test("serve uses the caller's configuration only", async () => {
  await writeHome(".netrc", netrcEntry(host) + netrcEntry("127.0.0.1"));
  await writeHome(
    ".config/wandb/settings",
    `[default]\nbase_url = ${service.url}\nentity = acme\nproject = vision\n`,
  );
  vi.stubEnv("WANDB_API_KEY", key);
  await using served = await serveSource(wandb);
  using client = connect(served.port);
  const called = { ...project, base_url: service.url };
  for (const name of ["connect", "select"]) {
    expect((await client.test(name, called)).failure).toBe(
      `wandb.api_key: missing; set it (keys are at ${service.url}/authorize)`,
    );
    expect((await client.test(name, {})).failure).toContain("entity: missing");
  }
  expect(service.requests).toEqual([]);
  expect(await client.test("connect", { ...called, api_key: key })).toMatchObject({
    success: true,
  });
});

test.runIf(hasTerminal)("init proposes what `wandb login` saved, and asks for no key", async () => {
  await writeHome(".netrc", netrcEntry(host));
  await writeHome(
    ".config/wandb/settings",
    `[default]\nbase_url = ${service.url}\nentity = acme\n\n`,
  );
  const { stdout, status } = await runOnTerminal("wandb-sync", ["init"], {
    cwd: home.path,
    home: home.path,
    steps: [
      [/api_key:/, enter],
      [/entity:.*acme/, enter],
      [/project:/, `vision${enter}`],
      [/base_url:/, enter],
      [/Destination/, enter],
    ],
  });
  expect(stdout).toContain("Login works");
  expect(status).toBe(0);
  expect(JSON.parse(await readFile(join(home.path, "configuration.json"), "utf8"))).toEqual({
    destination: "sqlite:./warehouse.db",
    wandb: { ...project, base_url: service.url },
  });
});
