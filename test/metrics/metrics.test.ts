import { describe, expect, test } from "vitest";
import { zeroCounts } from "../../src/core/destination.ts";
import { newLog } from "../../src/core/log.ts";
import { newRequestStats } from "../../src/core/request-stats.ts";
import { openDestination } from "../../src/destination/open.ts";
import { Metrics } from "../../src/metrics/metrics.ts";
import { countingSession } from "../../src/metrics/counting-session.ts";
import { newSqlite } from "../support/databases.ts";
import { ParsedMetrics } from "./parsed-metrics.ts";

const labels = { pipeline: "nightly", source: "opik" };

const parsed = async (metrics: Metrics): Promise<ParsedMetrics> =>
  new ParsedMetrics(await metrics.text());

test("a parser of the Prometheus text format reads all metrics, with the contract's names and labels", async () => {
  const env = { GDN_FEDERATION: "eu", GDN_TENANT: 'a "tenant"\n\\', WORKFLOW_UUID: "" };
  for (const [side, names] of [
    ["ingest", ["ingested_bytes_total", "ingested_documents_total", "ingest_errors_total"]],
    ["export", ["exported_bytes_total", "exported_documents_total", "export_errors_total"]],
  ] as const) {
    const metrics = new Metrics(side, env);
    metrics.of(labels);
    const found = await parsed(metrics);
    for (const name of [...names, `${side}_lag`]) {
      expect(found.families.get(name)?.type).toBe(name.endsWith("_total") ? "COUNTER" : "GAUGE");
      expect(found.value(name)).toBe(0);
      expect(found.labels(name)).toEqual({
        ...labels,
        ...{ region: "eu", tenant: 'a "tenant"\n\\', fabric: "NA", workflow: "NA" },
      });
    }
  }
});

test("the lag is that of a transaction's oldest document, not its last", async () => {
  const database = await newSqlite();
  const now = 1_800_000_000_000;
  const metrics = new Metrics("ingest", {}, () => now);
  const log = newLog(() => undefined);
  try {
    await using destination = await openDestination(database.url, { log });
    await using session = await destination.lock({ name: "test" });
    const observed = countingSession(session, metrics.of(labels));
    const columns = { id: "integer" } as const;
    await observed.prepare([{ name: "a", columns, primaryKey: ["id"] }]);
    const at = (id: number, readAt: number) => ({ stream: "a", rows: [{ id }], readAt, bytes: 10 });
    await observed.write([at(1, now - 5000), at(2, now - 90_000), at(3, now - 1000)]);
    expect((await parsed(metrics)).value("ingest_lag")).toBe(90);
    await observed.write([{ stream: "a", rows: [], readAt: 0, checkpoint: {} }]);
    expect((await parsed(metrics)).value("ingest_lag")).toBe(90);
    await observed.write([at(4, now - 2000)]);
    expect((await parsed(metrics)).value("ingest_lag")).toBe(2);
    expect((await parsed(metrics)).value("ingested_bytes_total")).toBe(40);
  } finally {
    await database.drop();
  }
});

test("settled gaps are a number of their own, and no errors", async () => {
  const database = await newSqlite();
  const metrics = new Metrics("ingest", {});
  const log = newLog(() => undefined);
  try {
    await using destination = await openDestination(database.url, { log });
    await using session = await destination.lock({ name: "test" });
    const observed = countingSession(session, metrics.of(labels));
    expect((await parsed(metrics)).value("rivulet_settled_gaps")).toBeUndefined();
    const entry = { key: "k", payload: "", reason: "short", settled: true };
    await observed.write([{ stream: "a", rows: [], rejected: [entry] }]);
    expect(await observed.countSettled(["a"])).toBe(1);
    expect(await observed.countQuarantined(["a"])).toBe(0);
    expect((await parsed(metrics)).value("rivulet_settled_gaps")).toBe(1);
    expect((await parsed(metrics)).value("ingest_errors_total")).toBe(0);
  } finally {
    await database.drop();
  }
});

test("rows are counted by stream and result, and rejected rows are errors", async () => {
  const database = await newSqlite();
  const metrics = new Metrics("export", {});
  const log = newLog(() => undefined);
  try {
    await using destination = await openDestination(database.url, { log });
    await using session = await destination.lock({ name: "test" });
    const observed = countingSession(session, metrics.of(labels));
    const columns = { id: "integer", name: "string" } as const;
    await observed.prepare([{ name: "a", columns, primaryKey: ["id"] }]);
    const rows = [1, 2, 3].map((id) => ({ id, name: "old" }));
    await observed.write([{ stream: "a", rows }]);
    const second = [{ id: 1, name: "old" }, { id: 2, name: "new" }, { id: "x" }];
    await observed.write([{ stream: "a", rows: second, deletes: [[3]] }]);
    const found = await parsed(metrics);
    const result = (name: string) =>
      found.value("rivulet_rows_total", { stream: "a", result: name });
    expect(result("inserted")).toBe(3);
    expect(result("updated")).toBe(1);
    expect(result("unchanged")).toBe(1);
    expect(result("deleted")).toBe(1);
    expect(result("rejected")).toBe(1);
    expect(found.value("exported_documents_total")).toBe(5);
    expect(found.value("export_errors_total")).toBe(1);
  } finally {
    await database.drop();
  }
});

test("the client's requests are read at the time of each scrape", async () => {
  const stats = newRequestStats();
  const metrics = new Metrics("ingest", {});
  metrics.of(labels).addRequestStats(stats);
  stats.requests = 3;
  stats.retries = 1;
  stats.waitedMs = 1500;
  for (let times = 0; times < 2; times += 1) {
    const found = await parsed(metrics);
    expect(found.value("rivulet_requests_total")).toBe(3);
    expect(found.value("rivulet_retries_total")).toBe(1);
    expect(found.value("rivulet_waited_seconds_total")).toBe(1.5);
  }
});

test("there is no time of the last complete sync before the first one", async () => {
  const metrics = new Metrics("ingest", {});
  const name = "rivulet_last_complete_sync_timestamp_seconds";
  const series = metrics.of(labels);
  expect((await parsed(metrics)).value(name)).toBeUndefined();
  series.setLastComplete(new Date(1_700_000_000_000));
  expect((await parsed(metrics)).value(name, labels)).toBe(1_700_000_000);
});

test("what prom-client measures of a process is not among them: node_exporter has it of itself", async () => {
  const metrics = new Metrics("ingest", {});
  metrics.of(labels);
  expect([...(await parsed(metrics)).families.keys()].join(" ")).not.toMatch(
    /process_|nodejs_|go_/,
  );
});

test("all series of a process have a pipeline and a source, and the texts of a metric are the same in each", async () => {
  const helpTexts = new Map<string, string>();
  for (const side of ["ingest", "export"] as const) {
    const metrics = new Metrics(side, {});
    const series = metrics.of(labels);
    series.beginRun(new Date());
    series.setLastComplete(new Date());
    series.setSettled(0);
    const counts = new Map([["a", { ...zeroCounts(), inserted: 2 }]]);
    series.endRun({ status: "partial", counts });
    for (const { name, help, metrics: samples } of (await parsed(metrics)).families.values()) {
      expect(helpTexts.get(name) ?? help).toBe(help);
      helpTexts.set(name, help);
      for (const { labels: found } of samples) expect(found).toMatchObject(labels);
    }
  }
});

describe("the last run", () => {
  const now = 1_800_000_000_000;

  test("has a status, an end, a duration, a lag and its rows, and a later one replaces them", async () => {
    let clock = now;
    const metrics = new Metrics("ingest", {}, () => clock);
    const series = metrics.of(labels);
    const statuses = async () => {
      const family = (await parsed(metrics)).families.get("rivulet_last_run_status");
      return family?.metrics
        .filter(({ value }) => value === "1")
        .map(({ labels: { status } = {} }) => status);
    };
    series.beginRun(new Date(now));
    expect(await statuses()).toEqual(["running"]);
    clock += 30_000;
    const first = { ...zeroCounts(), inserted: 3, rejected: 1 };
    series.endRun({ status: "completed", counts: new Map([["a", first]]) });
    expect(await statuses()).toEqual(["completed"]);
    const complete = await parsed(metrics);
    expect(complete.value("rivulet_last_run_end_timestamp_seconds")).toBe(clock / 1000);
    expect(complete.value("rivulet_last_run_duration_seconds")).toBe(30);
    expect(complete.value("rivulet_last_run_lag_seconds")).toBe(0);
    const rows = (result: string) => ({ ...labels, stream: "a", result });
    expect(complete.value("rivulet_last_run_rows", rows("inserted"))).toBe(3);
    expect(complete.value("rivulet_last_run_rows", rows("rejected"))).toBe(1);
    expect(complete.value("rivulet_last_run_rows", rows("deleted"))).toBe(0);

    series.beginRun(new Date((clock += 600_000)));
    clock += 5000;
    series.failRun("failed");
    expect(await statuses()).toEqual(["failed"]);
    const failed = await parsed(metrics);
    expect(failed.value("rivulet_last_run_duration_seconds")).toBe(5);
    expect(failed.value("rivulet_last_run_lag_seconds")).toBe(605);
    expect(failed.value("rivulet_last_run_rows", rows("inserted"))).toBeUndefined();
  });
});

test("a session that is observed tells how many columns its tables can have", async () => {
  const database = await newSqlite();
  const log = newLog(() => undefined);
  try {
    await using destination = await openDestination(database.url, { log });
    await using session = await destination.lock({ name: "test" });
    const observed = countingSession(session, new Metrics("export", {}).of(labels));
    expect(session.maxColumns).toBeGreaterThan(100);
    expect(observed.maxColumns).toBe(session.maxColumns);
  } finally {
    await database.drop();
  }
});
