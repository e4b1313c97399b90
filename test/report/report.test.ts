import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newLog } from "../../src/core/log.ts";
import { newRequestStats } from "../../src/core/request-stats.ts";
import { openDestination } from "../../src/destination/open.ts";
import type {
  ExperimentsBlock,
  ReportData,
  RowsBlock,
  SourceReport,
  SyncsBlock,
} from "../../src/report/blocks.ts";
import { readReport } from "../../src/report/read-report.ts";
import { reportHtml } from "../../src/report/report-html.ts";
import { countly } from "../../src/sources/countly/source.ts";
import { opik } from "../../src/sources/opik/source.ts";
import { metricColumns, runColumns } from "../../src/sources/wandb/project/tables.ts";
import { wandb } from "../../src/sources/wandb/source.ts";
import { databases, type TestDatabase } from "../support/databases.ts";
import { newFolder, run } from "../support/program.ts";
import { chromium, openPage } from "./chromium.ts";

const hostile = "</script><img src=x onerror=alert(1)>\u2028\u202eevil";

/** Runs with a parameter, a metric and hostile names, and what a report must not show. */
async function fill(url: string): Promise<void> {
  await using destination = await openDestination(url, { log: newLog(() => undefined, "severe") });
  await using session = await destination.lock({ name: "wandb", identity: "test" });
  await session.prepare([
    { name: "runs", columns: runColumns, primaryKey: ["run_id"] },
    { name: "metrics", columns: metricColumns, primaryKey: ["run_id", "step", "metric_name"] },
  ]);
  await session.begin();
  const runs = Array.from({ length: 40 }, (_, index) => ({
    run_id: `run${index}`,
    name: index === 0 ? hostile : `owl-${index}`,
    state: index % 4 === 0 ? "failed" : "finished",
    created_at: `2025-01-0${1 + (index % 9)}T00:00:00Z`,
    host: "secret-host",
    config_json: JSON.stringify({ lr: (index + 1) / 1000, openai_api_key: "sk-hidden" }),
    summary_json: JSON.stringify({ loss: index === 7 ? 1e9 : 1 / (index + 1), "NaN loss": "NaN" }),
  }));
  const metrics = runs.flatMap(({ run_id }) =>
    [0, 1, 2].map((step) => ({ run_id, step, metric_name: "loss", metric_value: 3 - step })),
  );
  await session.write([
    { stream: "runs", rows: runs },
    { stream: "metrics", rows: metrics },
    {
      stream: "runs",
      rows: [],
      rejected: [
        {
          key: "a",
          payload: "payload-text",
          reason: 'column "name": "ada@acme.example" is 7 long',
        },
        {
          key: "b",
          payload: "payload-text",
          reason: 'column "name": "alan@acme.example" is 8 long',
        },
      ],
    },
  ]);
  const counts = new Map([
    ["runs", { inserted: 40, updated: 0, unchanged: 0, deleted: 0, rejected: 2 }],
  ]);
  const error = "/home/ada/private/x.db: the disk is full";
  await session.end({ status: "partial", counts, transfer: newRequestStats(), error });
}

interface Shown {
  readonly syncs: SyncsBlock;
  readonly table: RowsBlock;
  readonly bars: RowsBlock;
  readonly experiments: ExperimentsBlock;
}

function blockOf<Show extends keyof Shown>(report: SourceReport, show: Show, title?: string) {
  const found = report.blocks.find(
    (block) =>
      block.show === show && (title === undefined || ("title" in block && block.title === title)),
  );
  return found as unknown as Shown[Show];
}

describe.each(databases)("a report of %s", (_name, newDatabase) => {
  let database: TestDatabase;
  let report: SourceReport;
  beforeAll(async () => {
    database = await newDatabase();
    await fill(database.url);
    await using destination = await openDestination(database.url, { log: newLog(() => undefined) });
    const { title, report: page } = wandb;
    const tables = ["runs", "metrics"];
    report = await readReport(destination, { title, pipeline: "wandb", tables, page });
  });
  afterAll(async () => {
    await database.drop();
  });

  test("has the syncs, the rows of a day and the sizes of tables", () => {
    expect(blockOf(report, "syncs").syncs).toMatchObject([{ status: "partial", written: 40 }]);
    expect(blockOf(report, "bars", "Rows written a day").rows).toEqual([
      [expect.stringMatching(/^\d{4}-\d\d-\d\d$/), 40],
    ]);
    expect(blockOf(report, "table", "Tables").rows).toEqual([
      ["runs", 40, 0, expect.any(String)],
      ["metrics", 120, 0, expect.any(String)],
    ]);
  });

  test("has the reasons of a quarantine, without values and payloads", () => {
    expect(blockOf(report, "table", "Quarantine by reason").rows).toEqual([
      ["runs", 'column "name": "…" is # long', 2],
    ]);
    expect(JSON.stringify(report)).not.toMatch(/payload-text|acme\.example/);
  });

  test("shows no hosts, folders of the machine, or keys that a run was configured with", () => {
    expect(JSON.stringify(report)).not.toMatch(/secret-host|sk-hidden|\/home\/ada/);
    expect(blockOf(report, "syncs").syncs[0]?.error).toBe("…/x.db: the disk is full");
  });

  test("compares runs: parameters, results, curves of the best, and those that diverged", () => {
    const { columns, curves, diverged } = blockOf(report, "experiments");
    expect(columns.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["run", "name", "state", "created_at", "loss", "lr"]),
    );
    expect(curves[0]).toMatchObject({ metric: "loss", best: "min" });
    expect(curves[0]?.curves[0]).toMatchObject({
      name: "owl-39 (run39)",
      points: [
        [0, 3],
        [1, 2],
        [2, 1],
      ],
    });
    expect(diverged).toContainEqual({ name: "owl-1 (run1)", why: "NaN loss is NaN" });
  });

  test("reads the pages of all sources, also where their tables do not exist", async () => {
    await using destination = await openDestination(database.url, { log: newLog(() => undefined) });
    for (const { title, report: page } of [opik, countly]) {
      const read = await readReport(destination, { title, pipeline: title, tables: [], page });
      expect(read.blocks.map(({ show }) => show)).toEqual(["tiles"]);
    }
  });
});

const data = (sources: readonly SourceReport[]): ReportData => ({
  title: `Report ${hostile}`,
  generatedAt: "2025-01-01T00:00:00.000Z",
  version: "1",
  sources,
});

test("no name can end an element or hide in a report, which may not use the network", () => {
  const html = reportHtml(data([{ title: hostile, blocks: [] }]), { script: "a", style: "b" });
  expect(html.match(/<\/script/g)).toHaveLength(2);
  expect(html).not.toMatch(/<img|\u2028/);
  expect(html).toContain("default-src 'none'");
  expect(html).not.toMatch(/connect-src|https?:/);
});

describe.skipIf(chromium === undefined)("in a browser, a report", () => {
  const driver = `
    addEventListener("load", () => setTimeout(() => {
      const canvases = [...document.querySelectorAll("canvas")];
      const drawn = canvases.filter((canvas) => {
        const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        return data.some((value) => value !== 0);
      });
      const rows = () => document.querySelectorAll(".runs tbody tr").length;
      const before = rows();
      const search = document.querySelector("input[type=search]");
      search.value = "lr<0.005 owl";
      search.dispatchEvent(new Event("input"));
      const after = rows();
      const sort = [...document.querySelectorAll(".runs th button")].find((each) => each.textContent === "loss");
      sort.click();
      const first = document.querySelector(".runs tbody tr").textContent;
      document.body.dataset.result = JSON.stringify({ canvases: canvases.length, drawn: drawn.length, before, after, first, images: document.images.length });
    }, 500));
    addEventListener("securitypolicyviolation", (event) => console.error("blocked", event.violatedDirective));`;

  test.each([
    ["light", []],
    ["dark", ["--blink-settings=preferredColorScheme=0"]],
  ])("draws every chart, filters and sorts, without an error, in %s", async (_theme, flags) => {
    await using folder = await newFolder();
    const url = `sqlite:${join(folder.path, "runs.db")}`;
    await fill(url);
    await run("wandb-sync", ["report", "-o", "report.html", "--destination", url], {
      cwd: folder.path,
      env: { WANDB_API_KEY: "wandb-key-5d1c", WANDB_ENTITY: "acme", WANDB_PROJECT: "vision" },
    });
    const made = await readFile(join(folder.path, "report.html"), "utf8");
    const [, json = ""] = /id="data">(.*)<\/script>/.exec(made) ?? [];
    const script = await readFile("dist/report-page.js", "utf8");
    const style = await readFile("dist/report-page.css", "utf8");
    const page = reportHtml(JSON.parse(json) as ReportData, { script: script + driver, style });
    await writeFile(join(folder.path, "driven.html"), page);
    const opened = await openPage(pathToFileURL(join(folder.path, "driven.html")).href, flags);
    expect(opened.console).toEqual([]);
    const [, result = "{}"] = /data-result="([^"]*)"/.exec(opened.document) ?? [];
    const found = JSON.parse(result.replaceAll("&quot;", '"').replaceAll("&amp;", "&")) as Record<
      string,
      unknown
    >;
    expect(found).toMatchObject({ before: 25, after: 3, images: 0 });
    expect(found["first"]).toMatch(/^run3/);
    expect(found["canvases"]).toBeGreaterThanOrEqual(5);
    expect(found["drawn"]).toBe(found["canvases"]);
  });
});

test("refuses to replace another file, and says what is missing", async () => {
  await using folder = await newFolder({ "notes.txt": "mine" });
  const options = { cwd: folder.path };
  const none = await run("rivulet", ["report"], options);
  expect(none.status).toBe(2);
  expect(none.stderr).toContain("name the file, as in -o report.html");
  const other = await run("rivulet", ["report", "-o", "notes.txt"], options);
  expect(other.status).toBe(2);
  expect(other.stderr).toContain("exists; name another file, or add --force");
  const empty = await run("rivulet", ["report", "-o", "report.html"], options);
  expect(empty.stderr).toContain("has nothing to report yet; sync first");
});
