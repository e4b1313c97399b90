import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  readConfiguration,
  type ConfigurationOptions,
} from "../../src/configuration/configuration.ts";
import { ConfigError } from "../../src/core/errors.ts";
import { opik } from "../../src/sources/opik/source.ts";
import type { OpikConfig } from "../../src/sources/opik/config.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "rivulet-configuration-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

type Options = Partial<ConfigurationOptions<OpikConfig>>;

async function read(content: unknown, options: Options = {}) {
  const path = join(folder, "configuration.json");
  await writeFile(path, typeof content === "string" ? content : JSON.stringify(content));
  return await readConfiguration({
    source: opik,
    sourceNames: ["opik", "wandb"],
    env: {},
    path,
    ...options,
  });
}

async function problems(content: unknown, options: Options = {}): Promise<string> {
  const error = await read(content, options).then(
    () => new Error("there was no error"),
    (thrown: unknown) => thrown as Error,
  );
  expect(error).toBeInstanceOf(ConfigError);
  return error.message.replaceAll(folder, "").replaceAll("\\", "/");
}

/** Settings that were given as flags of the same name. */
function typed(settings: Readonly<Record<string, unknown>>) {
  return { settings, origins: new Map(Object.keys(settings).map((key) => [key, `--${key}`])) };
}

const login = { COMET_OPIK_API_KEY: "k-123456", COMET_OPIK_WORKSPACE: "team" };

describe("reads", () => {
  test("the section with the source's name, with defaults for absent keys", async () => {
    const { config, destination, pipeline, secrets } = await read({
      destination: "sqlite:./a.db",
      opik: login,
    });
    expect(config).toMatchObject({
      ...login,
      base_url: "https://www.comet.com/opik/api",
      page_size: 500,
    });
    expect({ destination, pipeline, secrets }).toEqual({
      destination: "sqlite:./a.db",
      pipeline: "opik",
      secrets: ["k-123456"],
    });
  });

  test("settings at the top level, as the original connector has them", async () => {
    expect((await read(login)).config).toMatchObject(login);
  });

  test("values as strings, because Fivetran sends only strings", async () => {
    const { config } = await read({
      ...login,
      page_size: "100",
      retry_attempts: "3",
      inputs_keys: "question, q",
    });
    expect(config).toMatchObject({
      page_size: 100,
      retry_attempts: 3,
      inputs_keys: ["question", "q"],
    });
  });

  test("environment variables, with defaults", async () => {
    const { config } = await read(
      {
        opik: { COMET_OPIK_API_KEY: "${KEY}", COMET_OPIK_WORKSPACE: "${SPACE:-team}-${SUFFIX:-a}" },
      },
      { env: { KEY: "from-env", SUFFIX: "b" } },
    );
    expect(config).toMatchObject({
      COMET_OPIK_API_KEY: "from-env",
      COMET_OPIK_WORKSPACE: "team-b",
    });
  });

  test("the variables of Opik's SDK for absent keys", async () => {
    const env = {
      OPIK_API_KEY: "sdk-key",
      OPIK_WORKSPACE: "sdk-team",
      OPIK_URL_OVERRIDE: "http://host:5173/api",
    };
    const { config, secrets } = await read({ opik: { COMET_OPIK_WORKSPACE: "mine" } }, { env });
    expect(config).toMatchObject({
      COMET_OPIK_API_KEY: "sdk-key",
      COMET_OPIK_WORKSPACE: "mine",
      base_url: "http://host:5173/api",
    });
    expect(secrets).toEqual(["sdk-key"]);
  });

  test("settings of a self-hosted server without key and workspace", async () => {
    expect(
      (await read({ opik: { base_url: "http://localhost:5173/api" } })).config.COMET_OPIK_API_KEY,
    ).toBeUndefined();
  });

  test("a file whose other sections have placeholders and unset variables", async () => {
    const wandb = { api_key: "<YOUR_KEY>", entity: "${NOT_SET}" };
    expect((await read({ opik: login, wandb })).config).toMatchObject(login);
  });

  test("settings of the command line before those of the file", async () => {
    const { config } = await read(
      { ...login, concurrency: 2 },
      { typed: typed({ concurrency: 3 }) },
    );
    expect(config.concurrency).toBe(3);
  });
});

describe("rejects", () => {
  test("a missing file, with the command that creates it", async () => {
    const path = join(folder, "nowhere.json");
    await expect(read(login, { path, remedy: "run opik-sync init to create it" })).rejects.toThrow(
      /nowhere\.json: no such file; run opik-sync init to create it, or pass --config FILE/,
    );
    await expect(read(login, { path })).rejects.toThrow(
      /nowhere\.json: no such file; create it, or pass --config FILE/,
    );
  });

  test("invalid JSON, with line and column, and without quoting a key", async () => {
    const message = await problems(
      '{\n  "COMET_OPIK_API_KEY": "s3cret-key"\n  "COMET_OPIK_WORKSPACE": "x"\n}',
    );
    expect(message).toBe("/configuration.json: line 3, column 3: not JSON (comma expected)");
  });

  test.each(["[]", '"text"', "", "null"])("%j, which is not an object", async (text) => {
    expect(await problems(text)).toMatch(/expected a JSON object|not JSON/);
  });

  test.each([
    [
      "exclude_columns",
      "unknown key; expected one of destination, pipeline, statement_seconds, keep_syncs, connectors, opik, wandb",
    ],
    ["opikk", 'unknown key; did you mean "opik"?'],
    ["page_size", 'belongs into "opik"; move it there'],
    ["archive", 'if it is for an external connector: "connectors": ["archive"]'],
  ])("an object at the top level that is no section: %s", async (key, message) => {
    const found = await problems({
      opik: login,
      wandb: { entity: "e" },
      [key]: { columns: ["a"] },
    });
    expect(found).toMatch(`/configuration.json: ${key}: `);
    expect(found).toContain(message);
  });

  test("what should name connectors and does not", async () => {
    expect(await problems({ opik: login, connectors: { crm: true } })).toMatch(
      'connectors: expected a list of names, such as ["crm"]',
    );
  });

  test("an unknown key, with the closest valid one", async () => {
    expect(await problems({ opik: { ...login, page_sise: 5 } })).toBe(
      '/configuration.json: opik.page_sise: unknown key; did you mean "page_size"?',
    );
    expect(await problems({ opick: login })).toMatch(/opick: unknown key; did you mean "opik"\?/);
    expect(await problems({ ...login, bananas: 1 })).toMatch(
      /^\/configuration.json: bananas: unknown key; expected one of /,
    );
  });

  test("a placeholder, with its key", async () => {
    const message = await problems({ ...login, COMET_OPIK_API_KEY: "<YOUR_COMET_OPIK_API_KEY>" });
    expect(message).toMatch(/json: COMET_OPIK_API_KEY: still a placeholder in <>; replace it .*$/);
  });

  test("a real key in the brackets of a placeholder, without showing it", async () => {
    const message = await problems({ ...login, COMET_OPIK_API_KEY: "<my-real-key-987654>" });
    expect(message).not.toContain("my-real-key");
  });

  test("an invalid value, with the variable or flag that it comes from", async () => {
    const env = { OPIK_URL_OVERRIDE: "localhost" };
    const given = typed({ concurrency: "abc" });
    const message = await problems({ opik: { ...login, page_size: 0 } }, { env, typed: given });
    expect(message.split("\n")).toEqual([
      expect.stringMatching(/^OPIK_URL_OVERRIDE: expected a URL .*, got "localhost"$/),
      expect.stringMatching(/^--concurrency: expected a whole number from 1 to 64, got "abc"$/),
      expect.stringMatching(/^\/configuration\.json: opik\.page_size: expected .*, got 0$/),
    ]);
  });

  test("an unset variable", async () => {
    expect(await problems({ opik: { ...login, COMET_OPIK_API_KEY: "${NO_SUCH}" } })).toMatch(
      /opik\.COMET_OPIK_API_KEY: the environment variable NO_SUCH is not set/,
    );
  });

  test("a wrong type, with path, expected and actual value", async () => {
    expect(await problems({ opik: { ...login, page_size: "many" } })).toBe(
      '/configuration.json: opik.page_size: expected a whole number from 1 to 2000, got "many"',
    );
    expect(await problems({ opik: { ...login, page_size: 0 } })).toMatch(/from 1 to 2000, got 0/);
    expect(await problems({ opik: { ...login, base_url: "localhost" } })).toMatch(
      /opik\.base_url: expected a URL .*, got "localhost"/,
    );
    expect(await problems({ opik: 5 })).toMatch(/opik: expected an object/);
    expect(await problems({ opik: login, destination: 5 })).toMatch(/destination: expected text/);
    for (const seconds of [0, 1.5, "soon", 86_401])
      expect(await problems({ opik: login, statement_seconds: seconds })).toMatch(
        /: statement_seconds: expected a whole number from 1 to 86400/,
      );
    expect(await problems({ opik: login, keep_syncs: 0 })).toMatch(
      /: keep_syncs: expected a whole number from 1 to 1000000, got 0/,
    );
  });

  test("a password in a URL, without showing it", async () => {
    const message = await problems({ opik: { ...login, base_url: "https://me:s3cret@host/api" } });
    expect(message).toMatch(/opik\.base_url: expected a URL .* without user/);
    expect(message).not.toContain("s3cret");
  });

  test("an API key of a wrong type, without showing it", async () => {
    expect(await problems({ opik: { ...login, COMET_OPIK_API_KEY: 987654321 } })).not.toContain(
      "987654321",
    );
  });

  test("a missing key or workspace for the cloud, with where to find them", async () => {
    const message = await problems({ opik: {} });
    expect(message).toMatch(/opik\.COMET_OPIK_API_KEY: missing; set your API key/);
    expect(message).toMatch(/opik\.COMET_OPIK_WORKSPACE: missing/);
  });

  test("a file with several problems, with all of them", async () => {
    const message = await problems({
      opik: { ...login, page_size: "x", concurrency: "y", nonsense: 1 },
      topp: 1,
    });
    expect(message.split("\n")).toHaveLength(5);
    expect(message).toMatch(/^\/configuration.json: 4 problems/);
  });
});
