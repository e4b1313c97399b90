import type { WandbBackend } from "../../src/emulators/wandb/backend.ts";
import type { WandbProject } from "../../src/emulators/wandb/project.ts";
import { runResolvers, userResolvers } from "../../src/emulators/wandb/run-resolvers.ts";
import type { WandbRun } from "../../src/emulators/wandb/run.ts";
import { syntheticHistory } from "../../src/emulators/wandb/synthetic-history.ts";
import type { WandbShape } from "./wandb.ts";
import { HistoryLines } from "./wandb-history-lines.ts";

/** A run with all that is told of it, serialised once. */
export interface SerializedRun {
  readonly run: WandbRun;
  /** The fields as JSON text, by their names; `user` with its selection. */
  readonly texts: ReadonlyMap<string, string>;
  readonly lines: HistoryLines;
}

/** So many histories differ; the lines of every run would be more than memory holds. */
const maxHistories = 50;

/** Adds finished runs to an empty project, each created 10 seconds after the one before. The oldest comes first. */
export function addRuns(
  project: WandbProject,
  { runs, steps, metrics }: Omit<WandbShape, "latencyMs">,
  call: WandbBackend,
): readonly SerializedRun[] {
  const histories = new Map<number, History>();
  return Array.from({ length: runs }, (_, index) => {
    const at = new Date(Date.UTC(2026, 0, 1) + index * 10_000).toISOString();
    const which = index % maxHistories;
    const generated = syntheticHistory({ run: which, steps, metrics });
    const run = project.addRun({
      state: "finished",
      createdAt: at,
      heartbeatAt: at,
      history: generated,
    });
    const history = histories.get(which) ?? serializeHistory(run, call);
    histories.set(which, history);
    return {
      run,
      texts: new Map([...serializeOwnFields(run, call), ...history.texts]),
      lines: history.lines,
    };
  });
}

/** A field as JSON text. Throws a RangeError where it is none of those that were serialised. */
export function fieldJson(field: string, { texts }: SerializedRun): string {
  const text = texts.get(field);
  if (text === undefined) throw new RangeError(`unknown field ${field}`);
  return text;
}

/** How an answer that holds the viewer's id and a project begins. */
export function responseStart(call: WandbBackend): string {
  const { id } = userResolvers(call.workspace.user, call);
  return `{"data":{"viewer":${JSON.stringify({ id })},"project":{`;
}

type FieldTexts = readonly (readonly [string, string])[];

/** What runs with the same history have in common. */
interface History {
  readonly texts: FieldTexts;
  readonly lines: HistoryLines;
}

function serializeHistory(run: WandbRun, call: WandbBackend): History {
  const { historyLineCount, historyKeys } = runResolvers(run, call);
  const values = { historyLineCount: historyLineCount(), historyKeys: historyKeys() };
  return { texts: serializeFields(values), lines: new HistoryLines([...run.history.lines()]) };
}

function serializeOwnFields(run: WandbRun, call: WandbBackend): FieldTexts {
  const { id, name, user, config, summaryMetrics } = runResolvers(run, call);
  const values = {
    ...run.fields,
    ...{ id, name, config: config(), summaryMetrics: summaryMetrics() },
    "user { name username }": user && { name: user.name, username: user.username },
  };
  return serializeFields(values);
}

function serializeFields(values: object): FieldTexts {
  return Object.entries(values).map(([field, value]) => [field, JSON.stringify(value)]);
}
