import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readConfiguration } from "../../src/configuration/configuration.ts";
import {
  environmentFileOf,
  loadEnvironmentFiles,
} from "../../src/configuration/environment-file.ts";
import type { WandbConfig } from "../../src/sources/wandb/connection/config.ts";
import { wandb } from "../../src/sources/wandb/source.ts";
import { newFolder } from "../support/program.ts";

interface Situation {
  readonly env?: Readonly<Record<string, string>>;
  readonly typed?: Readonly<Record<string, unknown>>;
  readonly isOffline?: boolean;
}

/** Reads a file with this text; without one, there is no file. */
async function read(text: string | undefined, { env = {}, typed = {}, isOffline }: Situation = {}) {
  await using folder = await newFolder();
  const path = join(folder.path, "configuration.json");
  if (text !== undefined) await writeFile(path, text);
  await writeFile(join(folder.path, "key"), "secret-of-a-file\n");
  const origins = new Map(Object.keys(typed).map((key) => [key, `--${key}`]));
  return await readConfiguration<WandbConfig>({
    source: wandb,
    sourceNames: ["wandb"],
    env: { WANDB_CONFIG_DIR: folder.path, ...env },
    typed: { settings: wandb.normalize?.(typed) ?? typed, origins },
    flags: { entity: "--entity" },
    ...(text === undefined ? {} : { path }),
    ...(isOffline === undefined ? {} : { isOffline }),
  });
}

async function config(text: string, situation: Situation = {}): Promise<WandbConfig> {
  return (await read(text, situation)).config;
}

async function problem(text: string | undefined, situation: Situation = {}): Promise<string> {
  const error = await read(text, situation).catch((thrown: unknown) => thrown as Error);
  return error instanceof Error
    ? error.message.replace(/^.*configuration\.json: /, "").replace(/\S+\/rivulet-[^/]+\//, "")
    : "none";
}

describe("a file as people write it", () => {
  test("may have comments and trailing commas", async () => {
    expect(
      await config('{ // ours\n "wandb": {"entity": "acme", "project": "digits",},\n /* */ }'),
    ).toMatchObject({ entity: "acme", project: "digits" });
  });

  test.each([
    ["", /^is empty; expected a JSON object/],
    ["wandb:\n  entity: acme\n", /^looks like YAML; write it as JSON/],
    ["# ours\nwandb:\n", /^looks like YAML/],
    ["{'wandb': {}}", /^line 1, column 2: not JSON: use double quotes instead of '$/],
    ['{"wandb": {"entity": "acme"}', /^line 1, column 29: not JSON: a closing } is missing$/],
    ['{"wandb": {"entity": "a", "entity": "b"}}', /^entity: given twice; remove one of them$/],
    [
      '{"sources": {"wandb": {}}}',
      /sources: unknown key; move "wandb" out of it, to the top level/,
    ],
    ['{"sourceType": "x"}', /looks like the configuration of another tool: .* "wandb"/],
    ['{"wandb": {"api_key": "$KEY"}}', /api_key: to use the environment variable, write \${KEY}$/m],
  ])("%j is explained", async (text, message) => {
    expect(await problem(text)).toMatch(message);
  });

  test("may name a file that holds a secret, relative to its own folder", async () => {
    const login = '"entity": "acme", "project": "digits"';
    const { api_key } = await config(`{"wandb": {"api_key": "\${file:./key}", ${login}}}`);
    expect(api_key).toBe("secret-of-a-file");
    expect(await problem(`{"wandb": {"api_key": "\${file:nokey}", ${login}}}`)).toBe(
      "wandb.api_key: the file nokey cannot be read (there is none)",
    );
  });

  test("may name its schema", async () => {
    const text = '{"$schema": "./x.json", "wandb": {"entity": "acme", "project": "digits"}}';
    expect(await config(text)).toMatchObject({ project: "digits" });
  });
});

describe("projects of W&B", () => {
  const block = (settings: object): string => JSON.stringify({ wandb: settings });

  test.each([
    [{ project: "acme/digits" }, { entity: "acme", project: "digits", projects: [] }],
    [{ entity: "acme", project: "*" }, { projects: ["*"] }],
    [{ entity: "acme", project: ["a", "b"] }, { projects: ["a", "b"] }],
    [{ project: ["acme/a", "acme/b"] }, { entity: "acme", projects: ["a", "b"] }],
    [
      { entity: "acme", project: ["a"] },
      { project: "a", projects: [] },
    ],
    [
      { entity: "acme", project: "a,b" },
      { project: "a,b", projects: [] },
    ],
  ])("%j means %j", async (given, meant) => {
    expect(await config(block(given))).toMatchObject(meant);
  });

  test("of another entity than the one that is set are refused", async () => {
    expect(await problem(block({ entity: "other", project: "acme/digits" }))).toContain(
      'set "entity": "acme" and "project": "digits" separately',
    );
  });

  test("are named once, in project or in projects", async () => {
    const both = { entity: "acme", project: "a", projects: ["b"] };
    expect(await problem(block(both))).toBe(
      "wandb.project: not beside projects; remove one of the two",
    );
  });

  test("in the file are not mixed with a project of the environment", async () => {
    const text = block({ entity: "acme", projects: ["a"] });
    expect(await config(text, { env: { WANDB_PROJECT: "other" } })).toMatchObject({
      projects: ["a"],
    });
  });

  test("that were typed replace those of the file, with their entity", async () => {
    const text = block({ entity: "acme", projects: ["a", "b"], page_size: 7 });
    const { config: found, origins } = await read(text, { typed: { project: "team/digits" } });
    expect(found).toMatchObject({ entity: "team", project: "digits", projects: [], page_size: 7 });
    expect(origins.get("project")).toBe("--project");
  });
});

describe("what is missing", () => {
  test("is asked for by its flag, variable and key", async () => {
    expect(await problem('{"wandb": {"project": "digits"}}')).toBe(
      'wandb.entity: missing; give --entity, WANDB_ENTITY or "wandb.entity" in configuration.json',
    );
  });

  test("is no matter of a file that is not there", async () => {
    const env = { WANDB_PROJECT: "digits" };
    expect(await problem(undefined, { env })).toMatch(/^wandb\.entity: missing; give --entity, /);
  });

  test("does not matter to commands that only look at the destination", async () => {
    const text = '{"destination": "a.db", "wandb": {"api_key": "${NO_KEY}", "entity": "${NONE}"}}';
    expect(await read(text, { isOffline: true })).toMatchObject({ destination: "a.db" });
    expect(await read(undefined, { isOffline: true })).toMatchObject({ pipeline: "wandb" });
  });
});

test(".env sets what the environment does not have; the one beside the configuration first", async () => {
  await using folder = await newFolder();
  const inner = join(folder.path, "inner");
  await mkdir(inner);
  await writeFile(join(inner, ".env"), 'A=1\nexport B="two words"\n# C=3\nHAS=file\n');
  const env: Record<string, string | undefined> = { HAS: "environment" };
  loadEnvironmentFiles(join(inner, "configuration.json"), env);
  expect(env).toMatchObject({ A: "1", B: "two words", HAS: "environment" });
  expect(["A", "HAS"].map(environmentFileOf)).toEqual([join(inner, ".env"), undefined]);
});
