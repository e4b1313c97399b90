import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { configProperties } from "../src/connector/config-properties.ts";
import { sourceCommands, commandsOf } from "../src/cli/source-commands.ts";
import { flagNames } from "../src/cli/invocation/flags.ts";
import { readConfiguration } from "../src/configuration/configuration.ts";
import { exitStatus } from "../src/cli/invocation/exit-status.ts";
import { loadSource, serviceNames, sourceNames } from "../src/sources/registry.ts";
import { newFolder, run } from "./support/program.ts";

const root = resolve(import.meta.dirname, "..");
const read = (file: string): string => readFileSync(resolve(root, file), "utf8");
const readme = read("README.md");

/** The first cells of all table rows of a text. */
const firstCells = new Set([...readme.matchAll(/^\| `?([^`|]+?)`? +\|/gm)].map(([, cell]) => cell));

test("README has every command and every option", () => {
  for (const { usage } of sourceCommands)
    expect(firstCells).toContain([usage].flat()[0]?.split(" ")[0]);
  for (const flag of flagNames) expect(firstCells).toContain(`--${flag}`);
});

test("README has every exit status", () => {
  const statuses = [...firstCells]
    .filter((cell) => /^\d/.test(cell ?? ""))
    .join(", ")
    .split(", ");
  expect(statuses.map(Number).toSorted((a, b) => a - b)).toEqual(
    [...Object.values(exitStatus), 130, 143].toSorted((a, b) => a - b),
  );
});

/** The part of the README below a heading. */
function sectionOf(title: string): string {
  return readme.split(/^## /m).find((section) => section.startsWith(`${title}\n`)) ?? "";
}

describe.each(serviceNames)("%s", (name) => {
  test("README has every key with its default, environment variables and description", async () => {
    const cells = (line: string): string[] => line.split("|").map((cell) => cell.trim());
    const source = await loadSource(name);
    const rows = sectionOf(source.title)
      .split("\n")
      .filter((line) => line.startsWith("| `"))
      .map(cells);
    for (const { name: key, default_value, env, description } of configProperties(source)) {
      const row = rows.find(([, first]) => first === `\`${key}\``) ?? [];
      const shown = row.map((cell) => cell.replaceAll("`", ""));
      expect(shown.slice(1, 5)).toEqual([
        key,
        default_value,
        env.join(", "),
        description.replaceAll("`", ""),
      ]);
    }
  });

  test("configuration.example.json has every key, is valid once the placeholders are filled, and holds the defaults", async () => {
    const source = await loadSource(name);
    const example = JSON.parse(read("configuration.example.json")) as Record<
      string,
      Record<string, unknown>
    >;
    expect(Object.keys(example[name] ?? {})).toEqual(Object.keys(source.config.shape));
    const filled = JSON.stringify(example).replaceAll(/<[^>]+>/g, "filled-in");
    await using folder = await newFolder({ "configuration.json": filled });
    const { config } = await readConfiguration({
      source,
      sourceNames,
      env: {},
      path: `${folder.path}/configuration.json`,
    });
    const properties = configProperties(source).filter(({ default_value }) => default_value !== "");
    for (const { name: key, default_value } of properties) {
      const value = config[key];
      expect(typeof value === "string" ? value : JSON.stringify(value)).toBe(default_value);
    }
  });

  test("README names every table", async () => {
    const { stdout } = await discovered(name);
    const { schemas } = JSON.parse(stdout) as {
      schemas: { name: string; primary_key: string[] }[];
    };
    for (const stream of schemas) {
      expect(readme).toMatch(
        new RegExp(
          `\\| \`${stream.name}\` +\\| ${stream.primary_key.map((key) => `\`${key}\``).join(", ")} `,
        ),
      );
    }
  });

  test("--help shows every command, and each command its options and examples", async () => {
    const { stdout, status } = await run(`${name}-sync`, ["--help"]);
    expect(status).toBe(0);
    for (const { usage } of commandsOf(name))
      expect(stdout).toContain(`${name}-sync ${[usage].flat()[0] ?? ""}`);
    for (const { usage, flags, examples } of commandsOf(name)) {
      expect(examples, `${String(usage)} has no example`).not.toEqual([]);
      const help = await run(`${name}-sync`, [[usage].flat()[0]?.split(" ")[0] ?? "", "--help"]);
      for (const flag of flags) expect(help.stdout).toContain(`--${flag}`);
      for (const [, what] of examples) expect(help.stdout.replaceAll(/\s+/g, " ")).toContain(what);
    }
  });
});

async function discovered(name: string) {
  await using folder = await newFolder({
    "configuration.json": read("configuration.example.json").replaceAll(/<[^>]+>/g, "filled-in"),
  });
  return await run(`${name}-sync`, ["discover", "--json"], { cwd: folder.path });
}

test("the page on adding a source shows the example that a test runs, and it has at most 100 lines", () => {
  const [, code = ""] = /```ts\n([^]*?)```/.exec(read("docs/extend/source.md")) ?? [];
  const example = read("docs/extend/example/helpdesk.ts");
  expect(code.trim()).toBe(example.trim());
  expect(example.trim().split("\n").length).toBeLessThanOrEqual(100);
});

test("every runtime dependency has its sentence in the decisions", () => {
  const { dependencies } = JSON.parse(read("package.json")) as {
    dependencies: Record<string, string>;
  };
  const decisions = read("docs/internals/decisions.md");
  for (const name of Object.keys(dependencies)) expect(decisions).toContain(name);
});

test("files that the README links to exist", () => {
  for (const [, file = ""] of readme.matchAll(/\]\((?!https?:)([^)#]+)/g))
    expect(read(file)).not.toBe("");
});
