import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newLog } from "../../src/core/log.ts";
import { openDestination } from "../../src/destination/open.ts";
import { metricColumns, runColumns } from "../../src/sources/wandb/project/tables.ts";
import { startOpik, type Opik } from "../support/opik.ts";
import { logLines, newFolder, run, type EndedProgram } from "../support/program.ts";
import { runPiped } from "../singer/program.ts";
import { hasTerminal, runOnTerminal } from "../support/terminal.ts";

/** Sets a title, hides text in two ways, reverses the direction of writing, and ends a line. */
const hostile = "evil\u001b]0;title\u0007\u001b[8m\u009b8m\u202e\u2066\u007f\u2028\u0085end";

/** What no terminal may get, line breaks aside. */
const forbidden = /[^\P{Cc}\n\t]|[\p{Bidi_Control}\p{Zl}\p{Zp}]/u;

let opik: Opik;
let folder: Awaited<ReturnType<typeof newFolder>>;

beforeAll(async () => {
  const unreadable = { id: "" };
  opik = await startOpik({
    intercept(request, response, next) {
      const { url = "" } = request;
      if (!url.includes(unreadable.id) && !url.startsWith("/failing")) next();
      else response.writeHead(400, jsonType).end(JSON.stringify({ message: hostile }));
    },
  });
  const { workspace } = opik;
  workspace.addProject({ name: hostile, description: hostile });
  const dataset = workspace.addDataset({ name: hostile, description: hostile });
  dataset.addItems([{ data: { [hostile]: hostile } }]);
  const hidden = workspace.addDataset({ name: `${hostile} unreadable` });
  hidden.addItems([{ data: { input: 1 } }]);
  unreadable.id = hidden.id;
  folder = await newFolder({
    "configuration.json": { opik: { base_url: opik.url, retry_attempts: 0 } },
    "failing.json": {
      destination: "sqlite:./failing.db",
      opik: { base_url: `${opik.url}/failing`, retry_attempts: 0 },
    },
    "plot.json": {
      destination: "sqlite:./plot.db",
      wandb: { api_key: "wandb-key-5d1c", entity: "acme", project: "vision" },
    },
  });
  await run("opik-sync", [], { cwd: folder.path });
  await run("opik-sync", failing, { cwd: folder.path });
  await fillPlot(`sqlite:${join(folder.path, "plot.db")}`);
});
afterAll(async () => {
  await opik[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

const jsonType = { "content-type": "application/json" };

async function fillPlot(url: string): Promise<void> {
  await using destination = await openDestination(url, { log: newLog(() => undefined) });
  await using session = await destination.lock({ name: "wandb", identity: "test" });
  await session.prepare([
    { name: "runs", columns: runColumns, primaryKey: ["run_id"] },
    { name: "metrics", columns: metricColumns, primaryKey: ["run_id", "step", "metric_name"] },
  ]);
  const points = [0, 1].map((step) => ({
    run_id: "3fk2a9xc",
    step,
    metric_name: hostile,
    metric_value: step,
  }));
  await session.write([
    { stream: "runs", rows: [{ run_id: "3fk2a9xc", name: `<&"\u0000${hostile}` }] },
    { stream: "metrics", rows: points },
  ]);
}

const plot = ["plot", "3fk2a9xc", hostile, "--config", "plot.json", "--svg", "curve.svg"];

/** Reads a service that answers everything with an error. */
const failing = ["--config", "failing.json"];

/** A command, and whether it is run in pipes, too: what it writes there is another format. */
type TestedCommand = readonly [title: string, args: readonly string[], inPipes?: "inPipes"];

const commands: readonly TestedCommand[] = [
  ["sync", ["sync", "--full-refresh", "--log-level", "debug"], "inPipes"],
  ["sync --dry-run", ["sync", "--dry-run"]],
  ["check", ["check"]],
  ["sync of a failing service", ["sync", ...failing], "inPipes"],
  ["check of a failing service", ["check", ...failing]],
  ["status of a failing service", ["status", ...failing]],
  ["status --json of a failing service", ["status", "--json", ...failing], "inPipes"],
  ["discover", ["discover"]],
  ["sample", ["sample"]],
  ["sample --json", ["sample", "--json"], "inPipes"],
  ["status", ["status"]],
  ["verify", ["verify"]],
  ["verify --json", ["verify", "--json"], "inPipes"],
  ["state show", ["state", "show"]],
  ["state export", ["state", "export"], "inPipes"],
  ["state import", ["state", "import", `${hostile}.json`]],
  ["state reset", ["state", "reset", hostile], "inPipes"],
  ["about", ["about"]],
  ["tap", ["tap"], "inPipes"],
  ["plot", plot, "inPipes"],
  ["an unknown command", [hostile], "inPipes"],
  ["an unknown option", ["sync", `--${hostile}`]],
];

const everywhere = commands.map(([title, args]) => [title, args] as const);
const inPipes = everywhere.filter((_command, index) => commands[index]?.[2]);

const programOf = (args: readonly string[]): string =>
  args[0] === "plot" ? "wandb-sync" : "opik-sync";

function outputOf({ stdout, stderr }: EndedProgram): string {
  return (stdout + stderr).replaceAll("\r\n", "\n");
}

test.each(inPipes)("in pipes, %s shows what others wrote escaped", async (title, args) => {
  const ended = await run(programOf(args), args, { cwd: folder.path });
  // The output of a tap is data, for other programs.
  expect(title === "tap" ? ended.stderr : outputOf(ended)).not.toMatch(forbidden);
});

test.runIf(hasTerminal).each(everywhere)(
  "on a terminal, %s shows what others wrote escaped",
  async (_title, args) => {
    const ended = await runOnTerminal(programOf(args), args, { cwd: folder.path, steps: [] });
    expect(outputOf(ended)).not.toMatch(forbidden);
  },
);

test("control characters are shown as their number", async () => {
  const shown = String.raw`evil\u001b]0;title\u0007\u001b[8m\u009b8m\u202e`;
  const sample = await run("opik-sync", ["sample"], { cwd: folder.path });
  expect(sample.stdout).toContain(shown);
  const status = await run("opik-sync", ["status", ...failing], { cwd: folder.path });
  expect(status.stdout).toContain(shown);
  const pretty = await run("opik-sync", ["--log-format", "pretty", ...failing], {
    cwd: folder.path,
  });
  expect(pretty.stderr).toContain(shown);
  const json = await run("opik-sync", failing, { cwd: folder.path });
  expect(json.stderr).toContain(String.raw`\u009b8m\u202e`);
  expect(logLines(json).map(({ message }) => String(message))).toContainEqual(
    expect.stringContaining("evil\u001b]0;title"),
  );
});

test("a target shows the names of a tap escaped", async () => {
  const input = [
    { type: "SCHEMA", stream: hostile, schema: { properties: { id: {} } }, key_properties: ["id"] },
    { type: "RECORD", stream: hostile, record: { id: 1 } },
    { type: "RECORD", stream: hostile, record: { id: null } },
    { type: hostile },
  ];
  for (const format of ["pretty", "json"]) {
    const ended = await runPiped("rivulet", ["target", "--log-format", format], {
      cwd: folder.path,
      input: input.map((line) => JSON.stringify(line)).join("\n"),
    });
    expect(ended.stderr).toContain(String.raw`\u202e`);
    expect(ended.stderr).not.toMatch(forbidden);
  }
});

describe("JSON", () => {
  test("has the exact values", async () => {
    const { stdout } = await run("opik-sync", ["sample", "--json"], { cwd: folder.path });
    expect(JSON.stringify(JSON.parse(stdout))).toContain(JSON.stringify(hostile).slice(1, -1));
  });

  test("of a tap has the exact values", async () => {
    const { stdout } = await run("opik-sync", ["tap"], { cwd: folder.path });
    const names = stdout
      .trimEnd()
      .split("\n")
      .map((line) => (JSON.parse(line) as { record?: { name?: string } }).record?.name);
    expect(names).toContain(hostile);
  });
});

describe("a plot", () => {
  test("is well-formed SVG", async () => {
    await run("wandb-sync", plot, { cwd: folder.path });
    const picture = await readFile(join(folder.path, "curve.svg"), "utf8");
    expect(picture).toMatch(/evil/);
    expect(picture).not.toMatch(forbidden);
    expect(picture).not.toMatch(/[\p{Cs}\ufffe\uffff]/u);
    // Neither opened nor closed by a name.
    expect(picture).toContain("&lt;&amp;");
    expect(picture).not.toMatch(/&(?!(?:amp|lt|gt|quot|#\d+|#x[\da-f]+);)/i);
  });

  test("suggests names escaped", async () => {
    const args = ["plot", "3fk2a9xc", "evil", "--config", "plot.json", "--log-format", "pretty"];
    const ended = await run("wandb-sync", args, { cwd: folder.path });
    expect(ended.status).toBe(2);
    expect(ended.stderr).toContain(String.raw`did you mean "evil\u001b]0;title`);
    expect(ended.stderr).not.toMatch(forbidden);
  });
});
