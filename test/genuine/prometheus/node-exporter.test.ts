import { chmod, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { zeroCounts } from "../../../src/core/destination.ts";
import { Metrics } from "../../../src/metrics/metrics.ts";
import { ParsedMetrics } from "../../metrics/parsed-metrics.ts";
import { startOpik } from "../../support/opik.ts";
import { newFolder, run } from "../../support/program.ts";
import { startWandb } from "../../support/wandb.ts";
import { runFile } from "../python.ts";
import { findProgram, startNodeExporter } from "./node-exporter.ts";

const exporter = await findProgram("prometheus-node-exporter", "prometheus-node-exporter");
const promtool = await findProgram("promtool", "prometheus");

const root = resolve(import.meta.dirname, "../../..");

/** The series of a text, without values and in one order: name, then sorted labels. */
function seriesOf(text: string): string[] {
  return [...new ParsedMetrics(text).families.values()]
    .flatMap(({ name, metrics }) =>
      metrics.map(({ labels = {} }) => `${name} ${JSON.stringify(Object.entries(labels).sort())}`),
    )
    .sort();
}

describe.skipIf(exporter === undefined)("node_exporter", () => {
  test("serves every series of three pipelines of two sources, whose files are in one folder", async () => {
    await using opik = await startOpik();
    await using wandb = await startWandb();
    opik.workspace.addDataset({ name: "one" }).addItems([{ data: { input: 1 } }]);
    wandb.workspace.addProject({ name: "digits" }).addRun().log({ loss: 1 });
    const wandbSettings = { base_url: wandb.url, api_key: wandb.apiKey, entity: "acme" };
    const sections = {
      opik: { opik: { base_url: opik.url } },
      nightly: { pipeline: "nightly", opik: { base_url: opik.url } },
      wandb: { wandb: { ...wandbSettings, project: "digits" } },
    };
    const settings = Object.entries(sections).map(
      ([name, section]) =>
        [`${name}.json`, { ...section, destination: `sqlite:${name}.db` }] as const,
    );
    await using folder = await newFolder(Object.fromEntries(settings));
    await chmod(folder.path, 0o755);
    const sync = (program: string, pipeline: string) =>
      run(program, ["--config", `${pipeline}.json`, "--metrics-file", `${pipeline}.prom`], {
        cwd: folder.path,
      });
    const ended = [
      await sync("opik-sync", "opik"),
      ...(await Promise.all([sync("opik-sync", "nightly"), sync("wandb-sync", "wandb")])),
    ];
    expect(ended.map(({ status, stderr }) => (status === 0 ? "" : stderr))).toEqual(["", "", ""]);
    const files = await Promise.all(
      ["opik", "nightly", "wandb"].map((name) =>
        readFile(join(folder.path, `${name}.prom`), "utf8"),
      ),
    );
    await using running = await startNodeExporter(exporter ?? "", folder.path);
    const scraped = await running.scrape();
    expect(new ParsedMetrics(scraped).value("node_textfile_scrape_error")).toBe(0);
    expect(seriesOf(scraped)).toEqual(expect.arrayContaining(files.flatMap(seriesOf)));
    // What the exporter serves of itself would collide with what a process measures of itself.
    const ours = files.flatMap(seriesOf);
    expect(new Set(ours).size).toBe(ours.length);
    const lastComplete = seriesOf(scraped).filter((series) => /last_complete/.test(series));
    expect(lastComplete).toHaveLength(3);
  });
});

describe.skipIf(promtool === undefined)("promtool", () => {
  const program = promtool ?? "";

  test("has nothing to say about the metrics of either side", async () => {
    await using folder = await newFolder();
    for (const side of ["ingest", "export"] as const) {
      const metrics = new Metrics(side, {});
      const series = metrics.of({ pipeline: 'a "b"\n', source: "opik" });
      series.setSettled(1);
      series.endRun({ status: "completed", counts: new Map([["a", zeroCounts()]]) });
      const file = join(folder.path, "metrics.txt");
      await writeFile(file, await metrics.text());
      const check = '"$0" check metrics < "$1" 2>&1';
      expect(await runFile("sh", ["-c", check, program, file])).toMatchObject({ stdout: "" });
    }
  });

  test("finds the alert rules valid, and they fire when they should", async () => {
    const cwd = resolve(root, "deploy/prometheus");
    const checked = await runFile(program, ["check", "rules", "rivulet.rules.yml"], { cwd });
    expect(checked.stdout).toMatch(/SUCCESS: 7 rules found/);
    const tested = await runFile(program, ["test", "rules", "rivulet.rules.test.yml"], { cwd });
    expect(tested.stdout).toMatch(/SUCCESS/);
  });

  test("can parse all queries of the dashboard", async () => {
    const text = await readFile(resolve(root, "deploy/grafana/rivulet.dashboard.json"), "utf8");
    const { panels } = z
      .object({ panels: z.array(z.object({ targets: z.array(z.object({ expr: z.string() })) })) })
      .parse(JSON.parse(text));
    const queries = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
    const rules = queries.map((expr, index) => ({ record: `query:${index}`, expr }));
    await using folder = await newFolder({
      "queries.yml": { groups: [{ name: "dashboard", rules }] },
    });
    const file = join(folder.path, "queries.yml");
    const checked = await runFile(program, ["check", "rules", file]);
    expect(checked.stdout).toContain(`SUCCESS: ${rules.length} rules found`);
  });
});
