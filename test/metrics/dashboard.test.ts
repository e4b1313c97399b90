import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { z } from "zod";
import { Metrics } from "../../src/metrics/metrics.ts";
import { ParsedMetrics } from "./parsed-metrics.ts";

const root = resolve(import.meta.dirname, "../..");
const read = (file: string): Promise<string> => readFile(resolve(root, file), "utf8");

const dashboard = z.object({
  templating: z.object({ list: z.array(z.object({ definition: z.string().optional() })) }),
  panels: z.array(
    z.object({
      id: z.number(),
      title: z.string(),
      gridPos: z.object({ x: z.number(), y: z.number(), w: z.number(), h: z.number() }),
      targets: z.array(z.object({ expr: z.string() })).min(1),
    }),
  ),
});

async function metricNames(): Promise<Set<string>> {
  const names = new Set<string>();
  for (const side of ["ingest", "export"] as const) {
    const { families } = new ParsedMetrics(await new Metrics(side, {}).text());
    for (const name of families.keys()) names.add(name);
  }
  return names;
}

/** What looks like one of our metrics, or like one of node_exporter's. */
const metric = /\b(?:rivulet|ingest|ingested|export|exported|node)_\w+/g;

test("the dashboard, the rules and the documents name no metric that does not exist, and the documents name all", async () => {
  const names = await metricNames();
  const { panels, templating } = dashboard.parse(
    JSON.parse(await read("deploy/grafana/rivulet.dashboard.json")),
  );
  const queries = [
    ...panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
    ...templating.list.map(({ definition = "" }) => definition),
  ];
  const rules = await read("deploy/prometheus/rivulet.rules.yml");
  const tests = await read("deploy/prometheus/rivulet.rules.test.yml");
  const allowed = [...names, "node_textfile_scrape_error", "node_exporter"];
  for (const text of [...queries, rules, tests])
    for (const [name] of text.matchAll(metric)) expect(allowed).toContain(name);
  expect(queries.join(" ").match(metric)?.length).toBeGreaterThan(15);
  const monitoring = await read("docs/operate/monitoring.md");
  for (const name of names) expect(monitoring).toContain(name);
});

test("the panels of the dashboard have an id of their own, and do not overlap", async () => {
  const { panels } = dashboard.parse(
    JSON.parse(await read("deploy/grafana/rivulet.dashboard.json")),
  );
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)},${y + Math.floor(cell / w)}`),
  );
  expect(new Set(cells).size).toBe(cells.length);
});
