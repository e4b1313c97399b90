import { expect, test } from "vitest";
import { newLog } from "../../src/core/log.ts";
import { newRequestStats } from "../../src/core/request-stats.ts";
import { openDestination } from "../../src/destination/open.ts";
import { Metrics } from "../../src/metrics/metrics.ts";
import { countingSession } from "../../src/metrics/counting-session.ts";
import { newSqlite } from "../support/databases.ts";
import { ParsedMetrics } from "./parsed-metrics.ts";

const parsed = async (metrics: Metrics): Promise<ParsedMetrics> =>
  new ParsedMetrics(await metrics.text());

test("a parser of the Prometheus text format reads all metrics, with the contract's names and labels", async () => {
  const env = { GDN_FEDERATION: "eu", GDN_TENANT: 'a "tenant"\n\\', WORKFLOW_UUID: "" };
  for (const [side, names] of [
    ["ingest", ["ingested_bytes_total", "ingested_documents_total", "ingest_errors_total"]],
    ["export", ["exported_bytes_total", "exported_documents_total", "export_errors_total"]],
  ] as const) {
    const found = await parsed(new Metrics(side, env));
    for (const name of [...names, `${side}_lag`]) {
      expect(found.families.get(name)?.type).toBe(name.endsWith("_total") ? "COUNTER" : "GAUGE");
      expect(found.value(name)).toBe(0);
      expect(found.labels(name)).toMatchObject({ region: "eu", fabric: "NA", workflow: "NA" });
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
    const observed = countingSession(session, metrics);
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
    const observed = countingSession(session, metrics);
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
    const observed = countingSession(session, metrics);
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
  metrics.addRequestStats(stats);
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
  expect(await metrics.text()).not.toContain(name);
  metrics.setLastComplete(new Date(1_700_000_000_000));
  expect((await parsed(metrics)).value(name)).toBe(1_700_000_000);
});
