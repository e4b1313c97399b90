import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { newLog } from "../../../src/core/log.ts";
import { newRequestStats } from "../../../src/core/request-stats.ts";
import { RawJson } from "../../../src/emulators/raw-json.ts";
import type { WandbProject } from "../../../src/emulators/wandb/project.ts";
import type { WandbRun } from "../../../src/emulators/wandb/run.ts";
import { newClient } from "../../../src/http/client.ts";
import { GraphqlClient } from "../../../src/http/graphql.ts";
import { readGraphqlHistory } from "../../../src/sources/wandb/graphql/graphql-history.ts";
import { historyBatches } from "../../../src/sources/wandb/graphql/history-batches.ts";
import type { LearnedPageSize } from "../../../src/sources/wandb/graphql/window-reader.ts";
import type {
  HistoryEnd,
  HistoryOptions,
  HistoryPage,
} from "../../../src/sources/wandb/reader/history-page.ts";
import { startWandb, type StartOptions, type Wandb } from "../../support/wandb.ts";

let wandb: Wandb;
let project: WandbProject;
beforeEach(async () => {
  wandb = await startWandb();
  project = wandb.workspace.addProject({ name: "vision" });
});
afterEach(async () => {
  await wandb[Symbol.asyncDispose]();
});

async function restart(options: StartOptions): Promise<void> {
  await wandb[Symbol.asyncDispose]();
  wandb = await startWandb({ workspace: wandb.workspace, ...options });
}

interface ReadSettings extends Partial<HistoryOptions> {
  readonly learned?: LearnedPageSize;
  readonly lineCount?: number;
  readonly retryAttempts?: number;
  readonly requestTimeoutMs?: number;
}

/** What came of a history. */
interface ReadHistory {
  readonly pages: readonly HistoryPage[];
  readonly lines: readonly string[];
  readonly end: Exclude<HistoryEnd, "vanished">;
  readonly requests: number;
}

async function collectPages(run: string, settings: ReadSettings): Promise<HistoryPage[]> {
  const { position, singleAttempt = false, retryAttempts = 0, requestTimeoutMs } = settings;
  const client = newClient({
    baseUrl: wandb.url,
    headers: { authorization: `Basic ${Buffer.from(`api:${wandb.apiKey}`).toString("base64")}` },
    retryAttempts,
    ...(requestTimeoutMs === undefined ? {} : { requestTimeoutMs }),
    transfer: newRequestStats(),
    log: newLog(() => undefined),
    signal: new AbortController().signal,
    sleep: () => Promise.resolve(),
  });
  const graphql = new GraphqlClient(
    client,
    newLog(() => undefined),
  );
  const batches = historyBatches(graphql, { entity: "acme", project: "vision", concurrency: 2 });
  const { learned = { samples: undefined, reducedRuns: 0 } } = settings;
  const options = { position, singleAttempt };
  const listed = { id: run, lineCount: settings.lineCount };
  const pages: HistoryPage[] = [];
  const context = { batches, learned, retryAttempts };
  for await (const page of readGraphqlHistory(listed, options, context)) pages.push(page);
  return pages;
}

async function read({ name }: WandbRun, settings: ReadSettings = {}): Promise<ReadHistory> {
  const before = wandb.requests.length;
  const pages = await collectPages(name, settings);
  const end = pages.at(-1)?.end;
  if (!end || end === "vanished") throw new Error("the history did not end");
  const lines = pages.flatMap((page) => page.lines);
  return { pages, lines, end, requests: wandb.requests.length - before };
}

/** 1.5 times as many requests as full responses would take, and a few to find the lines. */
const fewRequests = (lines: number): number => (lines / 1000) * 1.5 + 8;

function logSteps(run: WandbRun, first: bigint, count: number, gap = 1n): void {
  for (let index = 0; index < count; index += 1) {
    const step = first + BigInt(index) * gap;
    run.log(new RawJson(`{"_step":${step},"_timestamp":1767225600,"loss":${index}}`));
  }
}

describe("steps", () => {
  const nanoseconds = 1_767_225_600_123_456_789n;

  test.each([
    ["from 0 on", 0n, 1n],
    ["that are milliseconds", 1_700_000_000_000n, 1n],
    ["that are nanoseconds", nanoseconds, 1_000_003n],
    ["up to the last one of 64 bits", 2n ** 63n - 2600n, 1n],
  ] as const)("%s are read, in few requests", async (_name, first, gap) => {
    const run = project.addRun();
    logSteps(run, first, 2500, gap);
    for (const lineCount of [2500, undefined]) {
      const { lines, end, requests } = await read(
        run,
        lineCount === undefined ? {} : { lineCount },
      );
      expect(lines).toEqual([...run.history.lines()]);
      expect(end).toMatchObject({ rows: 2500, isWhole: true });
      expect(requests).toBeLessThanOrEqual(fewRequests(2500));
    }
  });

  test("on both sides of 2^53 are read", async () => {
    const run = project.addRun();
    logSteps(run, 0n, 3);
    logSteps(run, 2n ** 53n - 5n, 10);
    logSteps(run, nanoseconds, 3);
    expect((await read(run)).lines).toEqual([...run.history.lines()]);
  });

  test("of 64 bits are exact in positions and ranges, and reading goes on behind them", async () => {
    const run = project.addRun();
    logSteps(run, nanoseconds, 1500);
    const { pages } = await read(run);
    const last = nanoseconds + 1499n;
    const position = pages.at(-1)?.position;
    expect(JSON.parse(JSON.stringify(position))).toMatchObject({ last: String(last), rows: 1500 });
    logSteps(run, last + 7n, 2);
    const resumed = await read(run, { position, lineCount: 1502 });
    expect(resumed.lines).toHaveLength(2);
    expect(resumed.pages[0]?.completeSteps).toEqual({ from: last + 1n });
    expect(resumed.end).toMatchObject({ rows: 1502, isWhole: false, digest: undefined });
    expect(resumed.requests).toBe(1);
  });

  test("far apart do not cost a request each", async () => {
    const run = project.addRun();
    for (const step of [3n, 40_000n, 5_000_000n, 2n ** 40n]) logSteps(run, step, 1);
    logSteps(run, 2n ** 41n, 1200);
    const { lines, requests } = await read(run);
    expect(lines).toHaveLength(1204);
    expect(requests).toBeLessThanOrEqual(fewRequests(1204));
  });

  test("of a long run take as many requests as its lines fill", async () => {
    const run = project.addRun();
    logSteps(run, 0n, 5000);
    expect((await read(run, { lineCount: 5000 })).requests).toBeLessThanOrEqual(6);
  });
});

describe("several lines of one step", () => {
  const lateLine = (step: number, name: string): RawJson =>
    new RawJson(`{"_step":${step},"_timestamp":1767225600,"${name}":1}`);

  test.each(["sample", "first"] as const)(
    "are all read, also if they overfill a window of as many steps (%s)",
    async (overfullPage) => {
      const run = project.addRun();
      logSteps(run, 0n, 1200);
      for (let step = 0; step < 1200; step += 1) run.logLate(lateLine(step, "late"));
      wandb.faults.overfullPage = overfullPage;
      const { lines, pages } = await read(run);
      expect(lines).toEqual([...run.history.lines()]);
      for (const { completeSteps } of pages) expect(completeSteps).toBeDefined();
    },
  );

  test("are all read if they are more than a response usually holds", async () => {
    const run = project.addRun();
    logSteps(run, 0n, 10);
    for (let line = 0; line < 1500; line += 1) run.logLate(lateLine(4, `m${line}`));
    expect((await read(run)).lines).toEqual([...run.history.lines()]);
  });

  test("fail visibly if the service does not return all of them", async () => {
    await restart({
      intercept: (service) => (request, response) => {
        const body = request.body.replaceAll(/"s0":\d{4,}/g, '"s0":1000');
        return service({ ...request, body }, response);
      },
    });
    const run = project.addRun();
    logSteps(run, 0n, 10);
    for (let line = 0; line < 1500; line += 1) run.logLate(lateLine(4, `m${line}`));
    await expect(read(run)).rejects.toThrow(/step 4 has more lines than the service returns/);
  });

  test("at the last step make a resumed read start over, once", async () => {
    const run = project.addRun();
    logSteps(run, 0n, 20);
    const first = await read(run);
    run.logLate(lateLine(19, "late"));
    const second = await read(run, { position: first.pages.at(-1)?.position });
    expect(second.lines).toEqual([...run.history.lines()]);
    expect(second.end.isWhole).toBe(true);
    logSteps(run, 20n, 2);
    const third = await read(run, { position: second.pages.at(-1)?.position });
    expect(third.lines).toHaveLength(2);
    expect(third.end).toMatchObject({ rows: 23, isWhole: false });
  });

  test("are brought together if the service sends them one after the other", async () => {
    const run = project.addRun();
    logSteps(run, 0n, 30);
    const inOrder = [...run.history.lines()];
    const sent = [...inOrder, ...inOrder.slice(0, 5)];
    Object.defineProperty(run.history, "shownLines", { value: () => sent });
    const { lines } = await read(run);
    const first = inOrder.slice(0, 5).flatMap((line) => [line, line]);
    expect(lines).toEqual([...first, ...inOrder.slice(5)]);
  });
});

describe("the end of a history", () => {
  test("has a digest of all lines, however they were paged", async () => {
    const run = project.addRun();
    logSteps(run, 0n, 1300);
    const { end, pages } = await read(run);
    wandb.faults.tooLarge = { rows: 300 };
    const other = await read(run);
    expect(other.pages.length).toBeGreaterThan(pages.length);
    expect(other.end.digest).toBe(end.digest);
    run.rewrite(700, new RawJson(`{"_step":700,"loss":-1}`));
    expect((await read(run)).end.digest).not.toBe(end.digest);
  });

  test("has the count of the response that it ends with", async () => {
    const run = project.addRun();
    logSteps(run, 0n, 3);
    run.lag({ rows: 1 });
    expect((await read(run)).end).toMatchObject({ rows: 2, lineCount: 3 });
  });

  test("is not judged by the service's count", async () => {
    const run = project.addRun();
    logSteps(run, 0n, 10);
    const { position } = (await read(run)).pages.at(-1) ?? {};
    Object.defineProperty(run.history, "lineCount", { get: () => 99 });
    expect((await read(run, { position })).end).toMatchObject({ rows: 10, isWhole: false });
  });

  test("does not count lines without a step twice", async () => {
    const line = (step: number) => (step === 9 ? '{"_step": broken' : `{"_step":${step},"a":1}`);
    const run = project.addRun({ history: { lastStep: 9, keys: [], line } });
    const { pages, end } = await read(run);
    expect(end.rows).toBe(10);
    const resumed = await read(run, { position: pages.at(-1)?.position });
    expect(resumed.lines).toEqual(['{"_step": broken']);
    expect(resumed.end.rows).toBe(10);
  });

  test("of a deleted run says so", async () => {
    const pages = await collectPages("nobody", {});
    expect(pages).toMatchObject([{ lines: [], end: "vanished" }]);
  });
});

describe("a run that the service cannot return", () => {
  /** The sizes that were requested, with how often each was. */
  function requestedSizes(): Map<number, number> {
    const sizes = new Map<number, number>();
    for (const { variables } of wandb.requests) {
      const size = Number(variables?.["s0"]);
      sizes.set(size, (sizes.get(size) ?? 0) + 1);
    }
    return sizes;
  }

  const eachOnce = { 250: 1, 62: 1, 15: 1, 3: 1, 2: 1 };

  test("is retried at the first size only", async () => {
    const run = project.addRun();
    logSteps(run, 0n, 1);
    wandb.faults.brokenHistory = { run: run.name, status: 502 };
    await expect(read(run, { retryAttempts: 3 })).rejects.toThrow(/502/);
    expect(Object.fromEntries(requestedSizes())).toEqual({ 1000: 1 + 4, ...eachOnce });
  });

  test("is tried once at each size if it failed in the last sync", async () => {
    const run = project.addRun();
    logSteps(run, 0n, 1);
    wandb.faults.brokenHistory = { run: run.name, status: 502 };
    await expect(read(run, { retryAttempts: 3, singleAttempt: true })).rejects.toThrow(/502/);
    expect(Object.fromEntries(requestedSizes())).toEqual({ 1000: 1, ...eachOnce });
  });

  test("is not retried at a size that took too long", async () => {
    const run = project.addRun();
    logSteps(run, 0n, 1);
    wandb.faults.brokenHistory = { run: run.name, status: "silent" };
    const limits = { retryAttempts: 3, requestTimeoutMs: 50 };
    await expect(read(run, limits)).rejects.toThrow(/no complete response/);
    expect(Object.fromEntries(requestedSizes())).toEqual({ 1000: 1, ...eachOnce });
  });

  test("does not make others be read in smaller pages, but two of them do", async () => {
    const run = project.addRun();
    logSteps(run, 0n, 1);
    const learned: LearnedPageSize = { samples: undefined, reducedRuns: 0 };
    wandb.faults.tooLarge = { rows: 100 };
    await read(run, { learned });
    expect(learned.samples).toBeUndefined();
    await read(run, { learned });
    expect(learned.samples).toBe(62);
    expect((await read(run, { learned })).requests).toBe(1);
  });

  test("is read like any other once a request succeeds", async () => {
    const run = project.addRun();
    logSteps(run, 0n, 600);
    wandb.faults.tooLarge = { rows: 100 };
    const { lines } = await read(run, { singleAttempt: true, retryAttempts: 3 });
    expect(lines).toHaveLength(600);
  });
});
