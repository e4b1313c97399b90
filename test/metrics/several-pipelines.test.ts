import { chmod, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { newLog } from "../../src/core/log.ts";
import { newRequestStats } from "../../src/core/request-stats.ts";
import { openDestination } from "../../src/destination/open.ts";
import { withMetrics } from "../../src/metrics/with-metrics.ts";
import type { MetricsOptions } from "../../src/metrics/metrics-options.ts";
import { startOpik } from "../support/opik.ts";
import { logLines, newFolder, run } from "../support/program.ts";
import { ParsedMetrics } from "./parsed-metrics.ts";

const log = newLog(() => undefined);
const lastComplete = "rivulet_last_complete_sync_timestamp_seconds";

const metricsIn = async (folder: string, name: string): Promise<ParsedMetrics> =>
  new ParsedMetrics(await readFile(join(folder, name), "utf8"));

/** The status of a pipeline's last run. */
function statusOf(metrics: ParsedMetrics, pipeline: string): string | undefined {
  return metrics.families
    .get("rivulet_last_run_status")
    ?.metrics.find(({ labels, value }) => labels?.["pipeline"] === pipeline && value === "1")
    ?.labels?.["status"];
}

const optionsFor = (folder: string): MetricsOptions => ({
  side: "ingest",
  file: join(folder, "all.prom"),
  log,
  signal: new AbortController().signal,
});

test("one recorder observes pipelines that sync at once, and one that fails before it has a session", async () => {
  await using folder = await newFolder();
  await withMetrics(optionsFor(folder.path), async (recorder) => {
    const sync = (pipeline: string, rows: number) =>
      recorder.record(
        { source: "opik", name: pipeline, defaultName: "opik" },
        async (recording) => {
          const url = `sqlite:${join(folder.path, `${pipeline}.db`)}`;
          await using destination = await openDestination(url, { log });
          await using session = await destination.lock({ name: pipeline });
          const transfer = { ...newRequestStats(), requests: rows };
          const observed = await recording.observe(session, { destination, transfer });
          await observed.begin();
          await observed.prepare([{ name: "a", columns: { id: "integer" }, primaryKey: ["id"] }]);
          const ids = Array.from({ length: rows }, (_, id) => ({ id }));
          const counts = await observed.write([{ stream: "a", rows: ids }]);
          await observed.end({ status: "completed", counts, transfer });
        },
      );
    const broken = { source: "wandb", name: "broken", defaultName: "wandb" };
    const failed = recorder.record(broken, () => Promise.reject(new Error("no")));
    await Promise.all([sync("one", 1), sync("two", 2), failed.catch(() => undefined)]);
  });
  const metrics = await metricsIn(folder.path, "all.prom");
  for (const [pipeline, rows] of [
    ["one", 1],
    ["two", 2],
  ] as const) {
    const labels = { pipeline, source: "opik" };
    expect(metrics.value("ingested_documents_total", labels)).toBe(rows);
    expect(metrics.value("rivulet_requests_total", labels)).toBe(rows);
    expect(metrics.value("ingest_errors_total", labels)).toBe(0);
    const inserted = { ...labels, stream: "a", result: "inserted" };
    expect(metrics.value("rivulet_last_run_rows", inserted)).toBe(rows);
    expect(metrics.value(lastComplete, labels)).toBeGreaterThan(1_700_000_000);
    expect(statusOf(metrics, pipeline)).toBe("completed");
  }
  const broken = { pipeline: "broken", source: "wandb" };
  expect(metrics.value("ingest_errors_total", broken)).toBe(1);
  expect(statusOf(metrics, "broken")).toBe("failed");
  expect(metrics.value(lastComplete, broken)).toBeUndefined();
});

test("an error before any pipeline is counted for each of the earlier file, which stay as old as they were", async () => {
  await using folder = await newFolder({
    "all.prom": `${lastComplete}{pipeline="a \\"b\\"",source="opik",region="NA"} 1700000000\n`,
  });
  const options = optionsFor(folder.path);
  const refused = withMetrics(options, () => Promise.reject(new Error("no configuration")));
  await expect(refused).rejects.toThrow("no configuration");
  const metrics = await metricsIn(folder.path, "all.prom");
  const labels = { pipeline: 'a "b"', source: "opik" };
  expect(metrics.value("ingest_errors_total", labels)).toBe(1);
  expect(metrics.value(lastComplete, labels)).toBe(1_700_000_000);
  expect(statusOf(metrics, 'a "b"')).toBe("failed");
});

test("a configuration that can no longer be read is the error of the pipeline that it named before", async () => {
  await using opik = await startOpik();
  const section = { pipeline: "nightly", opik: { base_url: opik.url } };
  await using folder = await newFolder({
    "good.json": section,
    "bad.json": { ...section, opik: { page_size: "lots" } },
  });
  const sync = (config: string) =>
    run("opik-sync", ["--config", config, "--metrics-file", "x.prom"], { cwd: folder.path });
  expect(await sync("good.json")).toMatchObject({ status: 0 });
  const before = (await metricsIn(folder.path, "x.prom")).value(lastComplete);
  expect(await sync("bad.json")).toMatchObject({ status: 2 });
  const metrics = await metricsIn(folder.path, "x.prom");
  const labels = { pipeline: "nightly", source: "opik" };
  expect(metrics.value("ingest_errors_total", labels)).toBe(1);
  expect(metrics.value(lastComplete, labels)).toBe(before);
  expect(statusOf(metrics, "nightly")).toBe("failed");
});

test("a sync that finds the pipeline locked is no error, and its status is locked", async () => {
  await using opik = await startOpik();
  const section = { destination: "sqlite:a.db", opik: { base_url: opik.url } };
  await using folder = await newFolder({ "configuration.json": section });
  await using destination = await openDestination(`sqlite:${join(folder.path, "a.db")}`, { log });
  await using session = await destination.lock({ name: "opik" });
  const ended = await run("opik-sync", ["--metrics-file", "x.prom"], { cwd: folder.path });
  expect(session.lost.aborted).toBe(false);
  expect(ended.status).toBe(75);
  const metrics = await metricsIn(folder.path, "x.prom");
  expect(metrics.value("ingest_errors_total")).toBe(0);
  expect(statusOf(metrics, "opik")).toBe("locked");
});

test("a sync that is interrupted is no error, and its status is interrupted", async () => {
  await using folder = await newFolder();
  const stop = new AbortController();
  const options = { ...optionsFor(folder.path), signal: stop.signal };
  const pipeline = { source: "opik", name: "nightly", defaultName: "opik" };
  const interrupted = withMetrics(options, (recorder) =>
    recorder.record(pipeline, () => {
      stop.abort();
      return Promise.reject(new Error("interrupted"));
    }),
  );
  await expect(interrupted).rejects.toThrow("interrupted");
  const metrics = await metricsIn(folder.path, "all.prom");
  expect(metrics.value("ingest_errors_total")).toBe(0);
  expect(statusOf(metrics, "nightly")).toBe("interrupted");
});

test("what a tap sends is a pipeline of the source singer", async () => {
  await using folder = await newFolder();
  const ended = await run("rivulet", ["target", "--metrics-file", "x.prom"], { cwd: folder.path });
  expect(ended.status).toBe(0);
  const metrics = await metricsIn(folder.path, "x.prom");
  const labels = { pipeline: "target", source: "singer" };
  expect(metrics.value("exported_documents_total", labels)).toBe(0);
  expect(metrics.value(lastComplete, labels)).toBeGreaterThan(1_700_000_000);
  expect(statusOf(metrics, "target")).toBe("completed");
});

test("two processes write their files at once; one that replaces another's file says so", async () => {
  await using opik = await startOpik();
  const configurationOf = (pipeline: string) => ({
    ...{ pipeline, destination: `sqlite:${pipeline}.db` },
    opik: { base_url: opik.url },
  });
  await using folder = await newFolder({
    "one.json": configurationOf("one"),
    "two.json": configurationOf("two"),
  });
  const sync = (pipeline: string, file: string) =>
    run("opik-sync", ["--config", `${pipeline}.json`, "--metrics-file", file], {
      cwd: folder.path,
    });
  const both = await Promise.all([sync("one", "one.prom"), sync("two", "two.prom")]);
  expect(both.map(({ status }) => status)).toEqual([0, 0]);
  for (const pipeline of ["one", "two"])
    expect(statusOf(await metricsIn(folder.path, `${pipeline}.prom`), pipeline)).toBe("completed");
  const replacing = await sync("two", "one.prom");
  expect(logLines(replacing).map(({ message }) => String(message))).toContainEqual(
    expect.stringMatching(
      /one\.prom: held the metrics of the pipeline "one".*name a file for each/,
    ),
  );
});

test("everyone may read the file, whatever the umask is and the mode of the file before", async () => {
  await using opik = await startOpik();
  await using folder = await newFolder({
    "configuration.json": { opik: { base_url: opik.url } },
    "x.prom": "",
  });
  await chmod(join(folder.path, "x.prom"), 0o600);
  const ended = await run("opik-sync", ["--metrics-file", "x.prom"], {
    cwd: folder.path,
    under: ["sh", "-c", 'umask 077; exec "$@"', "sh"],
  });
  expect(ended.status).toBe(0);
  expect((await stat(join(folder.path, "x.prom"))).mode & 0o777).toBe(0o644);
});

test("a dry run leaves the file as it is", async () => {
  await using opik = await startOpik();
  await using folder = await newFolder({
    "configuration.json": { opik: { base_url: opik.url } },
    "x.prom": "# before\n",
  });
  const args = ["--dry-run", "--metrics-file", "x.prom"];
  expect(await run("opik-sync", args, { cwd: folder.path })).toMatchObject({ status: 0 });
  expect(await readFile(join(folder.path, "x.prom"), "utf8")).toBe("# before\n");
});
