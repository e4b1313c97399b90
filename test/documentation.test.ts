import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { exitStatus } from "../src/cli/invocation/exit-status.ts";
import { flagNames } from "../src/cli/invocation/flags.ts";
import { programCommands } from "../src/cli/program-commands.ts";
import { commandsOf } from "../src/cli/commands-of.ts";
import { sourceCommands } from "../src/cli/source-commands.ts";
import { readConfiguration } from "../src/configuration/configuration.ts";
import { configProperties } from "../src/connector/config-properties.ts";
import { loadSource, serviceNames, sourceNames } from "../src/sources/registry.ts";
import { blocksOf, linksOf, pages, read, root } from "./docs/markdown.ts";
import { newFolder, run } from "./support/program.ts";

const execute = promisify(execFile);
const readme = read("README.md");

/** The rows of all tables of a page, as cells. */
function tableRows(page: string): string[][] {
  const rows = read(page)
    .split("\n")
    .filter((line) => line.startsWith("| "));
  return rows.map((row) =>
    row
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

/** What stands in the first cells of all table rows of a page, without its formatting. */
function firstWords(page: string): string[] {
  return tableRows(page).flatMap(([cell = ""]) => cell.replaceAll("`", "").split(", "));
}

const nameOf = ({ usage }: { readonly usage: string | readonly string[] }): string =>
  String([usage].flat()[0]).split(" ")[0] ?? "";

describe("the README", () => {
  test("has at most 150 lines", () => {
    expect(readme.trimEnd().split("\n").length).toBeLessThanOrEqual(150);
  });

  test("has every command and every source", () => {
    const words = firstWords("README.md");
    for (const command of sourceCommands) expect(words).toContain(nameOf(command));
    for (const command of programCommands) expect(words).toContain(`rivulet ${nameOf(command)}`);
    for (const name of serviceNames) expect(readme).toContain(`(docs/sources/${name}.md)`);
  });

  test("leads to every page", () => {
    const linked = linksOf("README.md");
    expect(pages.filter((page) => page !== "README.md" && !linked.includes(page))).toEqual([]);
  });
});

test("every exit status has its meaning", () => {
  const statuses = firstWords("docs/operate/exit-statuses.md").filter((word) => /^\d+$/.test(word));
  expect(statuses.map(Number).toSorted((a, b) => a - b)).toEqual(
    [...Object.values(exitStatus), 130, 143].toSorted((a, b) => a - b),
  );
});

test("what the program says of itself is up to date in the documents", async () => {
  await execute(process.execPath, [join(root, "scripts/docs.js"), "--check"]);
});

test("the page of the commands has every command and every option", () => {
  const page = read("docs/cli.md");
  for (const command of [...sourceCommands, ...programCommands])
    expect(page).toMatch(new RegExp(`^### \`(?:wandb-sync|rivulet) ${nameOf(command)}\`$`, "m"));
  for (const flag of flagNames) expect(page).toMatch(new RegExp(`^ +(?:-\\w, )?--?${flag} `, "m"));
});

describe.each(serviceNames)("%s", (name) => {
  test("its page has every key with its default, environment variables and description", async () => {
    const rows = tableRows(`docs/sources/${name}.md`).map((row) =>
      row.map((cell) => cell.replaceAll("`", "")),
    );
    for (const { name: key, default_value, env, description } of configProperties(
      await loadSource(name),
    )) {
      const expected = [key, default_value, env.join(", "), description.replaceAll("`", "")];
      expect(rows.find(([first, , , meaning]) => first === key && meaning)).toEqual(expected);
    }
  });

  test("configuration.example.json has every key, is valid once the placeholders are filled, and holds the defaults", async () => {
    const source = await loadSource(name);
    const example = JSON.parse(read("configuration.example.json")) as Record<
      string,
      Record<string, unknown>
    >;
    const keys = configProperties(source).map((property) => property.name);
    expect(Object.keys(example[name] ?? {})).toEqual(keys);
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

  test("its page names every table, its key and its columns", async () => {
    const { stdout } = await discovered(name);
    const { schemas } = JSON.parse(stdout) as {
      schemas: { name: string; primary_key: string[]; columns: Record<string, string> }[];
    };
    const page = read(`docs/sources/${name}.md`);
    for (const { name: table, primary_key, columns } of schemas) {
      const keys = primary_key.map((key) => `\`${key}\``).join(", ");
      expect(page).toMatch(new RegExp(`\\| \`${table}\` +\\| ${keys} `));
      for (const [column, type] of Object.entries(columns))
        expect(page).toMatch(new RegExp(`\\| \`${column}\` +\\| ${type} `));
    }
  });

  test("--help shows every command, and each command its options and examples", async () => {
    const { stdout, status } = await run(`${name}-sync`, ["--help"]);
    expect(status).toBe(0);
    for (const command of commandsOf(name))
      expect(stdout).toContain(`${name}-sync ${[command.usage].flat()[0] ?? ""}`);
    for (const command of commandsOf(name)) {
      expect(command.examples, `${nameOf(command)} has no example`).not.toEqual([]);
      const help = await run(`${name}-sync`, [nameOf(command), "--help"]);
      for (const flag of command.flags) expect(help.stdout).toContain(`--${flag}`);
      for (const [, what] of command.examples)
        expect(help.stdout.replaceAll(/\s+/g, " ")).toContain(what);
    }
  });
});

async function discovered(name: string) {
  await using folder = await newFolder({
    "configuration.json": read("configuration.example.json").replaceAll(/<[^>]+>/g, "filled-in"),
  });
  return await run(`${name}-sync`, ["discover", "--json"], { cwd: folder.path });
}

test("the page on writing a source shows the example that a test runs, and it has at most 100 lines", () => {
  const [code] = blocksOf("docs/extend/source.md").filter(({ info }) => info[0] === "ts");
  const example = read("docs/extend/example/helpdesk.ts");
  expect(code?.code.trim()).toBe(example.trim());
  expect(example.trim().split("\n").length).toBeLessThanOrEqual(100);
});

test("every runtime dependency has its line in the decisions", () => {
  const { dependencies } = JSON.parse(read("package.json")) as {
    dependencies: Record<string, string>;
  };
  const decisions = read("docs/internals/decisions.md");
  for (const name of Object.keys(dependencies)) expect(decisions).toContain(name);
});

describe.each(pages)("%s", (page) => {
  const text = read(page);

  test("has no link into nothing", () => {
    for (const link of linksOf(page)) {
      const [file = "", anchor] = link.split("#");
      const target = file === "" ? page : posix.join(dirname(page), file);
      expect(existsSync(join(root, target)), link).toBe(true);
      if (anchor !== undefined) expect(anchorsOf(target), link).toContain(anchor);
    }
  });

  test("names no file that does not exist", () => {
    const named = text.matchAll(/`((?:[\w.-]+\/)+[\w.-]+\.(?:ts|js|json|md))`/g);
    for (const [, file = ""] of named) {
      if (/NAME|helpdesk\/|rivulet_|^\.|^test\/(?:service|conformance\.test)\.js$/.test(file))
        continue;
      expect(existsSync(join(root, file)) || existsSync(join(root, "src", file)), file).toBe(true);
    }
  });

  test("names no option of our programs that does not exist", () => {
    const ours = [...flagNames, "help", "version", "connector"];
    const calls = text.matchAll(/(?<!-u )(?:(?:opik|wandb|countly)-sync|\brivulet) [^\n|`]*/g);
    const used = [...calls].flatMap(([call]) => [...call.matchAll(/ --([a-z-]+)/g)]);
    for (const [, flag = ""] of used) expect(ours).toContain(flag);
  });
});

function anchorsOf(page: string): string[] {
  return [...read(page).matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\s-]/g, "")
      .replaceAll(" ", "-"),
  );
}

test("the package has every page that one of its pages leads to", async () => {
  const { stdout } = await execute("npm", ["pack", "--dry-run", "--ignore-scripts", "--json"], {
    cwd: root,
    maxBuffer: 2 ** 26,
  });
  const [{ files } = { files: [] }] = JSON.parse(stdout) as { files: { path: string }[] }[];
  const packed = new Set(files.map(({ path }) => path));
  for (const page of pages) {
    expect(packed).toContain(page);
    for (const link of linksOf(page)) {
      const [file = ""] = link.split("#");
      if (file !== "") expect(packed, page).toContain(posix.join(dirname(page), file));
    }
  }
});
