import { join } from "node:path";
import Database from "better-sqlite3";
import { z } from "zod";
import { explainTime, formatSeconds } from "../explain-usage.ts";
import {
  atMost,
  type BenchContext,
  type Figure,
  formatInteger,
  type Scenario,
} from "../scenario.ts";
import { changeProject, startWandb, type WandbSync, wandbSync } from "../services/wandb.ts";
import { StateWatch } from "../state-watch.ts";
import { newSqlite } from "../target.ts";
import type { Server } from "../worker.ts";

/** Ten metrics on ten lines of 20,000 runs are 2 million values. */
const shape = { steps: 10, metrics: 10, latencyMs: 0 };

/** Runs per page of the listing. */
const pageSize = 1000;

/** Requests that a sync without changes may send besides those pages. */
const otherRequests = 4;

const maxStateMegabytes = 20;

/** What a sync may cost, compared with one that finds nothing new. */
interface Allowance {
  readonly requests: number;
  readonly runs: number;
  readonly lines: number;
  readonly values: number;
}

const changes: Readonly<Record<"rename" | "upload", Allowance & { readonly name: string }>> = {
  rename: { name: "a run renamed", requests: 1, runs: 1, lines: 0, values: 0 },
  upload: {
    name: "a run uploaded late",
    ...{ requests: 3, runs: 1, lines: shape.steps, values: shape.steps },
  },
};

/**
 * A large project in which nothing, or hardly anything, has changed since the last sync, and the
 * state that this takes.
 */
export const wandbUnchanged: Scenario = {
  name: "wandb-unchanged",
  async *run(context) {
    const runs = context.short ? 3000 : 20_000;
    await using server = await startWandb({ ...shape, runs });
    const { path, destination } = newSqlite(join(context.folder, "wandb-unchanged"));
    const state = await StateWatch.create(path);
    const first = await wandbSync(context, { server, destination });
    yield stateFigure(state.size(), first, runs);
    const target = { server, destination, path };
    const same = await measure(context, target);
    const pages = Math.ceil(runs / (pageSize - 1));
    yield {
      ...toFigure("nothing", same, first),
      aims: [
        atMost(pages + otherRequests - 1, same.requests, "requests"),
        atMost(0, same.runs + same.values + same.lines, "rows and lines"),
      ],
    };
    for (const change of ["rename", "upload"] as const) {
      await changeProject(server, change);
      yield changeFigure(change, await measure(context, target), same);
    }
  },
};

/** A sync, and the rows that it wrote. */
interface Measured extends WandbSync {
  readonly runs: number;
  readonly values: number;
}

interface Target {
  readonly server: Server;
  readonly destination: string;
  /** Of the SQLite file. */
  readonly path: string;
}

async function measure(context: BenchContext, target: Target): Promise<Measured> {
  const sync = await wandbSync(context, target);
  const written = writtenRows(target.path);
  return { ...sync, runs: written("runs"), values: written("metrics") };
}

const countsShape = z.record(
  z.string(),
  z.object({ inserted: z.number(), updated: z.number(), deleted: z.number() }),
);

/** The rows that the last sync wrote, by stream. */
function writtenRows(path: string): (stream: string) => number {
  const db = new Database(path, { readonly: true });
  const query = "select rows from _rivulet_sync order by started_at desc limit 1";
  const row = db.prepare<[], { readonly rows: string }>(query).get();
  db.close();
  const counts = countsShape.parse(JSON.parse(row?.rows ?? "{}"));
  return (stream) => {
    const { inserted = 0, updated = 0, deleted = 0 } = counts[stream] ?? {};
    return inserted + updated + deleted;
  };
}

function changeFigure(change: keyof typeof changes, sync: Measured, same: Measured): Figure {
  const { name, ...allowed } = changes[change];
  return {
    ...toFigure(name, sync, same),
    aims: [
      atMost(same.requests + allowed.requests, sync.requests, "requests"),
      atMost(allowed.lines, sync.lines, "lines read"),
      atMost(allowed.runs, sync.runs, "runs written"),
      atMost(allowed.values, sync.values, "values written"),
    ],
  };
}

function toFigure(what: string, sync: Measured, compared: WandbSync): Omit<Figure, "aims"> {
  const { run, requests, lines, runs, values } = sync;
  return {
    scenario: `wandb-unchanged, ${what}`,
    measured: `${formatSeconds(run.seconds)}, ${requests} requests, ${lines} lines read, ${runs + values} rows written`,
    floor: `${formatSeconds(compared.run.seconds)}, ${formatInteger(compared.requests)} requests`,
    ratio: run.seconds / compared.run.seconds,
    explanation: explainTime({ run, remainder: "most of it is start-up and the list of all runs" }),
    detail: {
      ...{ seconds: run.seconds, cpuSeconds: run.cpuSeconds, peakMegabytes: run.peakMegabytes },
      ...{ requests, lines, runs, values },
    },
  };
}

function stateFigure(
  { written, stored }: ReturnType<StateWatch["size"]>,
  { run, requests }: WandbSync,
  runs: number,
): Figure {
  const megabytes = written / 1e6;
  const values = runs * shape.steps * shape.metrics;
  return {
    scenario: `wandb-unchanged, first load of ${formatInteger(runs)} runs`,
    measured: `${megabytes.toFixed(1)} MB of state written, ${formatSeconds(run.seconds)}, ${formatInteger(requests)} requests`,
    floor: `${(stored / 1e6).toFixed(1)} MB of state at the end`,
    ratio: written / stored,
    aims: [atMost(maxStateMegabytes, megabytes, "MB")],
    explanation: explainTime({
      run,
      notes: [`${formatInteger(values)} values were stored`],
      remainder: "each transaction writes the blocks of the runs that it completes",
    }),
    detail: { seconds: run.seconds, cpuSeconds: run.cpuSeconds, requests, written, stored },
  };
}
