import { afterEach, beforeEach, expect } from "vitest";
import type { StreamBatch } from "../../../src/core/source.ts";
import { zeroCounts, type Counts } from "../../../src/core/destination.ts";
import { isOperational } from "../../../src/core/errors.ts";
import { exitStatusOfError, exitStatusOfSync } from "../../../src/cli/invocation/exit-status.ts";
import type { RequestHandler } from "../../../src/emulators/http-server.ts";
import type { WandbClock } from "../../../src/emulators/wandb/clock.ts";
import type { WandbFaults } from "../../../src/emulators/wandb/faults.ts";
import type { WandbProject } from "../../../src/emulators/wandb/project.ts";
import type { WandbRun } from "../../../src/emulators/wandb/run.ts";
import type { TestDatabase } from "../../support/databases.ts";
import { syncWandb, type SyncWandbOptions } from "../../support/sync-wandb.ts";
import { startWandb, type StartOptions, type Wandb } from "../../support/wandb.ts";
import { expectedTables, storedTables } from "./tables.ts";

/** How a sync ended, what it wrote and what it requested. */
export interface CopyResult {
  /** The exit status that the program would have. */
  readonly exit: number;
  /** Why the sync or its streams failed; empty if they did not. */
  readonly error: string;
  readonly runs: Counts;
  readonly metrics: Counts;
  readonly requests: Wandb["requests"];
  /** The names of the requested operations. */
  readonly operations: readonly string[];
  /** The runs whose histories were requested, in alphabetical order. */
  readonly histories: readonly string[];
  readonly warnings: readonly string[];
  /** The greatest progress of `metrics`: runs read, and runs to read. */
  readonly progress: readonly StreamBatch["partitions"][];
}

type Settings = Parameters<typeof syncWandb>[1];

/** An entry of the quarantine. */
interface Entry {
  readonly payload: string;
  readonly reason: string;
  readonly settled: boolean;
}

const minuteMs = 60_000;

/** A W&B emulator with the project `vision`, and a database that it is copied into. */
export class Copy implements AsyncDisposable {
  readonly wandb: Wandb;
  readonly database: TestDatabase;
  readonly project: WandbProject;
  /** Answers instead of the service where it returns a handler. */
  intercepted: (body: string) => RequestHandler | undefined = () => undefined;
  /** How many runs `addRuns` has added. */
  #added = 0;

  private constructor(wandb: Wandb, database: TestDatabase) {
    this.wandb = wandb;
    this.database = database;
    const { workspace } = wandb;
    this.project = workspace.project("vision") ?? workspace.addProject({ name: "vision" });
  }

  /** Starts an emulator, and makes a database. */
  static async start(
    newDatabase: () => Promise<TestDatabase>,
    options: StartOptions = {},
  ): Promise<Copy> {
    const wandb = await startWandb({
      intercept: (service) => (request, response) =>
        (copy.intercepted(request.body) ?? service)(request, response),
      ...options,
    });
    const copy: Copy = new Copy(wandb, await newDatabase());
    return copy;
  }

  /** The service's clock. */
  get clock(): WandbClock {
    return this.wandb.workspace.clock;
  }

  get faults(): WandbFaults {
    return this.wandb.faults;
  }

  /** Adds finished runs, an hour apart: r0, r1 and so on, with a row for each of `steps` steps. */
  addRuns(count: number, steps = 1): WandbRun[] {
    return Array.from({ length: count }, () => {
      this.clock.advance(60 * minuteMs);
      const number = this.#added++;
      const run = this.project.addRun({ name: `r${number}`, config: { number } });
      logSteps(run, steps);
      run.finish();
      return run;
    });
  }

  /** Syncs a minute after the last change, so that all changes are settled. */
  async sync(settings: Settings = {}, options: SyncWandbOptions = {}): Promise<CopyResult> {
    this.clock.advance(minuteMs);
    return await this.syncNow(settings, options);
  }

  /** Syncs right after the last change. */
  async syncNow(settings: Settings = {}, options: SyncWandbOptions = {}): Promise<CopyResult> {
    const { wandb, database } = this;
    const before = wandb.requests.length;
    const warnings: string[] = [];
    const progress: StreamBatch["partitions"][] = [];
    const ended = await endOf(
      syncWandb({ url: wandb.url, apiKey: wandb.apiKey, destination: database.url }, settings, {
        warn: (message) => warnings.push(message),
        ...options,
        onBatch: (batch) => {
          if (batch.partitions) progress.push(batch.partitions);
          options.onBatch?.(batch);
        },
      }),
    );
    const requests = wandb.requests.slice(before);
    const operations = requests.map(({ operation = "" }) => operation);
    return { ...ended, requests, operations, histories: historiesIn(requests), warnings, progress };
  }

  /** Expects each cell of the project in the database, and no other. */
  async expectEqual(): Promise<void> {
    expect(await storedTables(this.database)).toEqual(expectedTables(this.project));
  }

  /** What is in quarantine, by payload. */
  async quarantine(): Promise<Entry[]> {
    const rows = await this.database.query(
      `SELECT payload, reason, CASE WHEN settled THEN 1 ELSE 0 END AS settled
       FROM _rivulet_quarantine`,
    );
    const entries = rows.map(({ payload, reason, settled }) => ({
      payload: String(payload),
      reason: String(reason),
      settled: Number(settled) === 1,
    }));
    return entries.sort((a, b) => (a.payload < b.payload ? -1 : 1));
  }

  /** The ids of the runs in a table that are marked as deleted. */
  async deleted(table: "runs" | "metrics" = "runs"): Promise<string[]> {
    const rows = await this.database.query(
      `SELECT DISTINCT run_id FROM ${table} WHERE _deleted ORDER BY run_id`,
    );
    return rows.map(({ run_id }) => String(run_id));
  }

  /** The partitions of a stream that have a checkpoint. */
  async partitions(stream: "runs" | "metrics"): Promise<string[]> {
    const rows = await this.database.query(
      `SELECT partition FROM _rivulet_state WHERE stream = '${stream}' ORDER BY partition`,
    );
    return rows.map(({ partition }) => String(partition));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.wandb[Symbol.asyncDispose]();
    await this.database.drop();
  }
}

/** Logs a row with several kinds of values at each of the next steps. */
export function logSteps(run: WandbRun, steps: number): void {
  const first = Number(run.history.lastStep ?? -1) + 1;
  for (let step = first; step < first + steps; step += 1) {
    run.log({ loss: 1 / (step + 1), note: `n${step}` });
  }
}

/** The runs whose histories were requested, in alphabetical order. */
export function historiesIn(requests: Wandb["requests"]): string[] {
  const runs = requests
    .filter(({ operation }) => operation === "History")
    .flatMap(({ variables = {} }) => Object.entries(variables))
    .filter(([name]) => /^n\d+$/.test(name))
    .map(([, run]) => String(run));
  return runs.toSorted();
}

type Ended = Pick<CopyResult, "exit" | "error" | "runs" | "metrics">;

async function endOf(sync: ReturnType<typeof syncWandb>): Promise<Ended> {
  try {
    const summary = await sync;
    const { counts, failures } = summary;
    const error = [...failures].map(([name, { message }]) => `${name}: ${message}`).join("\n");
    const [runs, metrics] = [counts.get("runs"), counts.get("metrics")];
    return {
      exit: exitStatusOfSync(summary),
      error,
      runs: runs ?? zeroCounts(),
      metrics: metrics ?? zeroCounts(),
    };
  } catch (error) {
    if (!isOperational(error)) throw error;
    const { message } = error;
    const exit = exitStatusOfError(error);
    return { exit, error: message, runs: zeroCounts(), metrics: zeroCounts() };
  }
}

/** Starts a copy for each test, passes it to `onStart`, and ends it after the test. */
export function useCopy(
  newDatabase: () => Promise<TestDatabase>,
  onStart: (copy: Copy) => void,
): void {
  let copy: Copy;
  beforeEach(async () => {
    copy = await Copy.start(newDatabase);
    onStart(copy);
  });
  afterEach(async () => {
    await copy[Symbol.asyncDispose]();
  });
}
