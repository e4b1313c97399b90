import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { promisify } from "node:util";
import pLimit from "p-limit";
import { format, resolveConfig } from "prettier";
import { jsonSchemaOf } from "./configuration-schema.js";

/**
 * Generates documentation from the program: `docs/cli.md` from `--help`, the tables of keys and
 * columns in `docs/sources`, and the schema of `configuration.json` for editors. With `--check`,
 * writes nothing and fails if a file is out of date.
 */
const root = resolve(import.meta.dirname, "..");
const execute = promisify(execFile);
const atMostFour = pLimit(4);
const sources = (await readdir(join(root, "docs/sources"))).map((file) => basename(file, ".md"));

const folder = await mkdtemp(join(tmpdir(), "rivulet-docs-"));
try {
  const stale = await update(process.argv.includes("--check"));
  for (const file of stale) console.error(`${file}: out of date; run npm run docs:cli`);
  process.exitCode = stale.length > 0 ? 1 : 0;
} finally {
  await rm(folder, { recursive: true, force: true });
}

/** Returns the files that are out of date, after updating them unless `checks` is set. */
async function update(checks) {
  const example = await readFile(join(root, "configuration.example.json"), "utf8");
  await writeFile(join(folder, "configuration.json"), example.replaceAll(/<[^>]+>/g, "filled-in"));
  const pages = new Map([["docs/cli.md", await commandPage()]]);
  for (const source of sources) {
    const file = `docs/sources/${source}.md`;
    pages.set(file, await sourcePage(source, await readFile(join(root, file), "utf8")));
  }
  pages.set("configuration.schema.json", JSON.stringify(await configurationSchema(sources)));
  const stale = [];
  for (const [file, text] of pages) {
    const path = join(root, file);
    const formatted = await format(text, { ...(await resolveConfig(path)), filepath: path });
    if ((await readFile(path, "utf8").catch(() => "")) === formatted) continue;
    if (checks) stale.push(file);
    else await writeFile(path, formatted);
  }
  return stale;
}

async function commandPage() {
  const parts = [
    `# Commands

<!-- Written by \`npm run docs:cli\` from \`--help\`. -->

Look up a command or an option. \`opik-sync\`, \`wandb-sync\` and \`countly-sync\` have the same commands, except that only
\`wandb-sync\` can \`plot\`; what to copy is typed in a way of its own for each. Without a command they \`sync\`. \`rivulet wandb sync\` is the same as \`wandb-sync sync\`. Options may
stand anywhere; \`--streams\` may be repeated.
[Configuration](configuration.md) explains the file behind \`--config\`, and
[exit statuses](operate/exit-statuses.md) what a command ends with.`,
    ...(await helpOf("wandb-sync")),
    ...(await syncHelpOf("opik-sync")),
    ...(await syncHelpOf("countly-sync")),
    ...(await helpOf("rivulet", sources.concat("example"))),
  ];
  return `${parts.join("\n\n")}\n`;
}

/** The help of a program and of its commands, except those in `but`. */
async function helpOf(name, but = []) {
  const overview = await run(name, ["--help"]);
  const listed = overview.matchAll(new RegExp(`^ {2}${name} ([a-z]+)`, "gm"));
  const commands = [...new Set([...listed].map(([, command]) => command))].filter(
    (command) => !but.includes(command),
  );
  const parts = commands.map(async (command) => [
    `### \`${name} ${command}\``,
    fenced(await run(name, [command, "--help"])),
  ]);
  return [`## \`${name}\``, fenced(overview), ...(await Promise.all(parts)).flat()];
}

/** The help of a program's `sync`, which has flags of its own. */
async function syncHelpOf(name) {
  return [`## \`${name}\``, fenced(await run(name, ["sync", "--help"]))];
}

function fenced(text) {
  return `\`\`\`text\n${text.trimEnd()}\n\`\`\``;
}

async function sourcePage(source, page) {
  const { config } = JSON.parse(await run(`${source}-sync`, ["about", "--json"]));
  const { schemas } = JSON.parse(await run(`${source}-sync`, ["discover", "--json"]));
  const filled = replaced(page, `keys of ${source}`, keyTable(config));
  return replaced(filled, `columns of ${source}`, schemas.map(columnTable).join("\n\n"));
}

async function configurationSchema(names) {
  const blocks = names.map(async (name) => {
    const { config } = JSON.parse(await run(`${name}-sync`, ["about", "--json"]));
    return [name, config];
  });
  return jsonSchemaOf(new Map(await Promise.all(blocks)));
}

function keyTable(config) {
  const code = (text) => (text === "" ? "" : `\`${text}\``);
  const rows = config.map(({ name, default_value, env, description }) =>
    [code(name), code(default_value), env.map(code).join(", "), description].join(" | "),
  );
  return table("key | default | environment | meaning", rows);
}

function columnTable({ name, columns, primary_key, cursor }) {
  const role = (column) =>
    primary_key.includes(column) ? "primary key" : column === cursor ? "cursor" : "";
  const rows = Object.entries(columns).map(([column, type]) =>
    [`\`${column}\``, type, role(column)].join(" | "),
  );
  return `<details>
<summary>Columns of <code>${name}</code></summary>

${table("column | type | |", rows)}

</details>`;
}

function table(head, rows) {
  const columns = head.split(" | ").length;
  return [head, Array(columns).fill("---").join(" | "), ...rows]
    .map((row) => `| ${row.replace(/\|$/, "")} |`)
    .join("\n");
}

/** The page with its generated part replaced. */
function replaced(page, what, content) {
  const parts = new RegExp(`(<!-- generated: ${what} -->\n)[^]*?(<!-- /generated -->)`);
  if (!parts.test(page)) throw new Error(`no part for the ${what}`);
  return page.replace(parts, (_all, begin, end) => `${begin}\n${content}\n\n${end}`);
}

/** The output of a program, in a language and a width that do not depend on the machine. */
async function run(name, args) {
  const { PATH, SystemRoot } = process.env;
  const env = { PATH, SystemRoot, HOME: folder, LC_ALL: "en_US.UTF-8", LANG: "en_US.UTF-8" };
  const bin = join(root, "bin", `${name}.js`);
  const options = { cwd: folder, env };
  return await atMostFour(
    async () => (await execute(process.execPath, [bin, ...args], options)).stdout,
  );
}
