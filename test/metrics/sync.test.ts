import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { startOpik } from "../support/opik.ts";
import { logLines, newFolder, run, start } from "../support/program.ts";
import { ParsedMetrics } from "./parsed-metrics.ts";

async function newConfigFolder(url: string) {
  return await newFolder({ "configuration.json": { opik: { base_url: url, retry_attempts: 0 } } });
}

const metricsIn = async (folder: string): Promise<ParsedMetrics> =>
  new ParsedMetrics(await readFile(join(folder, "opik.prom"), "utf8"));

const lastComplete = "rivulet_last_complete_sync_timestamp_seconds";

test("--metrics-file has what a sync did, even a failed one, and when the last complete one ended", async () => {
  let isDown = false;
  await using opik = await startOpik({
    intercept: (_request, response, next) => {
      if (isDown) response.writeHead(503).end();
      else next();
    },
  });
  const dataset = opik.workspace.addDataset({ name: "one" });
  dataset.addItems([1, 2, 3].map((input) => ({ data: { input } })));
  await using folder = await newConfigFolder(opik.url);
  const sync = (env: Record<string, string> = {}) =>
    run("opik-sync", ["--metrics-file", "opik.prom"], { cwd: folder.path, env });

  expect(await sync({ GDN_TENANT: "acme", WORKFLOW_UUID: "w1" })).toMatchObject({ status: 0 });
  const first = await metricsIn(folder.path);
  const labels = {
    ...{ pipeline: "opik", source: "opik" },
    ...{ region: "NA", tenant: "acme", fabric: "NA", workflow: "w1" },
  };
  expect(first.labels("ingested_documents_total")).toEqual(labels);
  expect(first.value("ingested_documents_total")).toBe(4);
  expect(first.value("ingested_bytes_total")).toBeGreaterThan(100);
  expect(first.value("ingest_errors_total")).toBe(0);
  expect(first.value("rivulet_requests_total")).toBe(opik.requests.length);
  const items = { stream: "opik_dataset_item", result: "inserted" };
  expect(first.value("rivulet_rows_total", items)).toBe(3);
  const completed = first.value(lastComplete);
  expect(completed).toBeGreaterThan(1_700_000_000);

  isDown = true;
  expect(await sync()).toMatchObject({ status: 1 });
  const second = await metricsIn(folder.path);
  expect(second.value("ingest_errors_total")).toBe(3);
  expect(second.value("ingested_documents_total")).toBe(0);
  expect(Math.abs((second.value(lastComplete) ?? 0) - (completed ?? 0))).toBeLessThan(60);
  expect((await readdir(folder.path)).filter((name) => name.includes("opik.prom"))).toEqual([
    "opik.prom",
  ]);
});

test("--metrics-file keeps the time of the last complete sync if the next one cannot begin", async () => {
  await using opik = await startOpik();
  await using folder = await newConfigFolder(opik.url);
  const sync = (...args: string[]) =>
    run("opik-sync", ["--metrics-file", "opik.prom", ...args], { cwd: folder.path });
  expect(await sync()).toMatchObject({ status: 0 });
  const completed = (await metricsIn(folder.path)).value(lastComplete);
  expect(completed).toBeGreaterThan(1_700_000_000);
  for (const destination of ["postgres://nobody@localhost:1/none", "sqlite:no/such/folder.db"]) {
    expect((await sync("--destination", destination)).status).toBeGreaterThan(0);
    const then = await metricsIn(folder.path);
    expect(then.value(lastComplete)).toBe(completed);
    expect(then.value("ingest_errors_total")).toBe(1);
  }
});

test("--metrics-file counts a sync that cannot begin", async () => {
  await using folder = await newFolder({ "configuration.json": { opik: { page_size: "lots" } } });
  const ended = await run("opik-sync", ["--metrics-file", "opik.prom"], { cwd: folder.path });
  expect(ended.status).toBe(2);
  expect((await metricsIn(folder.path)).value("ingest_errors_total")).toBe(1);
});

test("--metrics-port serves the metrics while the sync runs", async () => {
  let proceed: () => void = () => undefined;
  const scraped = new Promise<void>((resolve) => {
    proceed = resolve;
  });
  await using opik = await startOpik({
    intercept: (request, _response, next) => {
      if (request.url?.includes("/datasets") === true) void scraped.then(next);
      else next();
    },
  });
  opik.workspace.addProject({ name: "one" });
  await using folder = await newConfigFolder(opik.url);
  const { child, ended } = start("opik-sync", ["--metrics-port=0"], { cwd: folder.path });
  const port = await new Promise<number>((found) => {
    child.stderr?.on("data", (chunk: Buffer) => {
      const [, digits] = /localhost:(\d+)\/metrics/.exec(chunk.toString()) ?? [];
      if (digits !== undefined) found(Number(digits));
    });
  });
  const at = `http://localhost:${port}`;
  const answer = await fetch(`${at}/metrics`);
  expect(answer.headers.get("content-type")).toMatch(/^text\/plain; version=0\.0\.4/);
  expect(new ParsedMetrics(await answer.text()).value("ingest_errors_total")).toBe(0);
  expect((await fetch(`${at}/other`)).status).toBe(404);
  expect((await fetch(`${at}//`)).status, "an invalid URL").toBe(404);
  proceed();
  const { status, signal } = await ended;
  expect({ status, signal }).toEqual({ status: 0, signal: null });
  await expect(fetch(`${at}/metrics`)).rejects.toThrow();
});

test.each([
  [
    "a port that is in use",
    (port: number) => [`--metrics-port=${port}`],
    /port is in use.*another/,
  ],
  ["no port", () => ["--metrics-port=http"], /--metrics-port: expected a port from 0/],
  [
    "no folder",
    () => ["--metrics-file", "no/where.prom"],
    /no\/where\.prom: its folder does not exist/,
  ],
])("%s is reported before anything is read", async (_problem, args, message) => {
  const occupied = createServer();
  await new Promise<void>((listening) => occupied.listen(0, listening));
  await using opik = await startOpik();
  await using folder = await newConfigFolder(opik.url);
  const { port } = occupied.address() as AddressInfo;
  const ended = await run("opik-sync", args(port), { cwd: folder.path });
  await new Promise((closed) => occupied.close(closed));
  expect(ended.stderr).toMatch(message);
  expect(ended.status).toBe(2);
  expect(opik.requests).toEqual([]);
});

test("a sync without metrics does not mention them in its log", async () => {
  await using opik = await startOpik();
  await using folder = await newConfigFolder(opik.url);
  const ended = await run("opik-sync", [], { cwd: folder.path });
  expect(logLines(ended).filter(({ message }) => /metrics/.test(String(message)))).toEqual([]);
});
