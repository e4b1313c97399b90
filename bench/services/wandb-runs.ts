import type { WandbBackend } from "../../src/emulators/wandb/backend.ts";
import type { WandbProject } from "../../src/emulators/wandb/project.ts";
import { runResolvers, userResolvers } from "../../src/emulators/wandb/run-resolvers.ts";
import type { WandbRun } from "../../src/emulators/wandb/run.ts";
import { syntheticHistory } from "../../src/emulators/wandb/synthetic-history.ts";
import { HistoryLines } from "./wandb-history-lines.ts";
import type { WandbShape } from "./wandb.ts";

/** A run with its fields and history, serialized once. */
export interface SerializedRun {
  readonly run: WandbRun;
  /** The fields as JSON text, by name; `user` with its selection. */
  readonly texts: ReadonlyMap<string, string>;
  readonly lines: HistoryLines;
}

/** The number of different histories. One per run would not fit into memory. */
const maxHistories = 50;

/** Adds finished runs to an empty project, created 10 seconds apart. Returns them oldest first. */
export function addRuns(
  project: WandbProject,
  { runs, steps, metrics }: Omit<WandbShape, "latencyMs">,
  backend: WandbBackend,
): readonly SerializedRun[] {
  const histories = new Map<number, History>();
  return Array.from({ length: runs }, (_, index) => {
    const at = new Date(Date.UTC(2026, 0, 1) + index * 10_000).toISOString();
    const historyIndex = index % maxHistories;
    const generated = syntheticHistory({ run: historyIndex, steps, metrics });
    const run = project.addRun({
      state: "finished",
      createdAt: at,
      heartbeatAt: at,
      history: generated,
    });
    const history = histories.get(historyIndex) ?? serializeHistory(run, backend);
    histories.set(historyIndex, history);
    return {
      run,
      texts: new Map([...serializeOwnFields(run, backend), ...history.texts]),
      lines: history.lines,
    };
  });
}

/** A field as JSON text. Throws a RangeError if it was not serialized. */
export function fieldJson(field: string, { texts }: SerializedRun): string {
  const text = texts.get(field);
  if (text === undefined) throw new RangeError(`unknown field ${field}`);
  return text;
}

/** The beginning of a response with the viewer's id and a project. */
export function responseStart(backend: WandbBackend): string {
  const { id } = userResolvers(backend.workspace.user, backend);
  return `{"data":{"viewer":${JSON.stringify({ id })},"project":{`;
}

type FieldTexts = readonly (readonly [string, string])[];

/** What runs with the same history share. */
interface History {
  readonly texts: FieldTexts;
  readonly lines: HistoryLines;
}

function serializeHistory(run: WandbRun, backend: WandbBackend): History {
  const { historyLineCount, historyKeys } = runResolvers(run, backend);
  const values = { historyLineCount: historyLineCount(), historyKeys: historyKeys() };
  return { texts: serializeFields(values), lines: new HistoryLines([...run.history.lines()]) };
}

function serializeOwnFields(run: WandbRun, backend: WandbBackend): FieldTexts {
  const { id, name, user, config, summaryMetrics } = runResolvers(run, backend);
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
