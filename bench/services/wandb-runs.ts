import type { WandbBackend } from "../../src/emulators/wandb/backend.ts";
import type { WandbProject } from "../../src/emulators/wandb/project.ts";
import { runResolvers } from "../../src/emulators/wandb/run-resolvers.ts";
import type { WandbRun } from "../../src/emulators/wandb/run.ts";
import { syntheticHistory } from "../../src/emulators/wandb/synthetic-history.ts";
import { HistoryLines } from "./wandb-history-lines.ts";
import type { WandbShape } from "./wandb.ts";

/** A run with its fields and history, serialized once. */
export interface SerializedRun extends History {
  readonly run: WandbRun;
  /** When it was created, in milliseconds since 1970. */
  readonly createdMs: number;
  /** The run's own fields as JSON text, by name; `user` with its selection. */
  readonly texts: FieldTexts;
}

type FieldTexts = ReadonlyMap<string, string>;

/** What runs with the same history share. */
interface History {
  readonly historyTexts: FieldTexts;
  readonly lines: HistoryLines;
}

/** The number of different histories. One per run would not fit into memory. */
const maxHistories = 50;

/** Runs are created so far apart. */
const betweenRunsMs = 10_000;

const firstRunMs = Date.UTC(2026, 0, 1);

/** Adds finished runs to an empty project. Returns them oldest first. */
export function addRuns(
  project: WandbProject,
  { runs, steps, metrics }: Omit<WandbShape, "latencyMs">,
  backend: WandbBackend,
): readonly SerializedRun[] {
  const histories = new Map<number, History>();
  return Array.from({ length: runs }, (_, index) => {
    const at = new Date(firstRunMs + index * betweenRunsMs).toISOString();
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
    return { ...serializeOwnFields(run, backend), ...history };
  });
}

/** Renames a run, as a user does in the web app. */
export function rename(serialized: SerializedRun, backend: WandbBackend): SerializedRun {
  const { run } = serialized;
  run.edit({ displayName: `${String(run.fields.displayName)} renamed` });
  return { ...serialized, ...serializeOwnFields(run, backend) };
}

/** Uploads a run that was logged without internet, in the middle of others that exist. */
export function uploadOffline(
  project: WandbProject,
  { after, steps }: { readonly after: SerializedRun; readonly steps: number },
  backend: WandbBackend,
): SerializedRun {
  const createdAt = new Date(after.createdMs + betweenRunsMs / 2).toISOString();
  const rows = Array.from({ length: steps }, (_, step) => ({ metric_0: step }));
  const run = project.uploadRun({ createdAt, rows });
  return { ...serializeOwnFields(run, backend), ...serializeHistory(run, backend) };
}

/** A field as JSON text. Throws a RangeError if it was not serialized. */
export function fieldJson(field: string, { texts, historyTexts }: SerializedRun): string {
  const text = texts.get(field) ?? historyTexts.get(field);
  if (text === undefined) throw new RangeError(`unknown field ${field}`);
  return text;
}

function serializeHistory(run: WandbRun, backend: WandbBackend): History {
  const { historyLineCount, historyKeys } = runResolvers(run, backend);
  const values = { historyLineCount: historyLineCount(), historyKeys: historyKeys() };
  const lines = new HistoryLines([...run.history.lines()]);
  return { historyTexts: serializeFields(values), lines };
}

function serializeOwnFields(
  run: WandbRun,
  backend: WandbBackend,
): Pick<SerializedRun, "run" | "createdMs" | "texts"> {
  const { id, name, user, config, summaryMetrics } = runResolvers(run, backend);
  const values = {
    ...run.fields,
    ...{ id, name, config: config(), summaryMetrics: summaryMetrics() },
    "user { name username }": user && { name: user.name, username: user.username },
  };
  return { run, createdMs: Date.parse(run.fields.createdAt), texts: serializeFields(values) };
}

function serializeFields(values: object): FieldTexts {
  return new Map(Object.entries(values).map(([field, value]) => [field, JSON.stringify(value)]));
}
