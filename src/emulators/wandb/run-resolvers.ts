import type { WandbBackend } from "./backend.ts";
import { flattenMetrics } from "./history-keys.ts";
import {
  exactInteger,
  isMembers,
  isRecord,
  jsonText,
  markLargeIntegers,
  parseJson,
} from "./json.ts";
import type { Json, Members } from "./json.ts";
import { badGateway, graphqlErrors, noResponse, ResponseError } from "./response.ts";
import type { WandbRun } from "./run.ts";
import { stepAfter, toStep } from "./step.ts";

/** The resolvers of the type Run, without those that need the project. */
export function runResolvers(run: WandbRun, backend: WandbBackend) {
  const { user, config, summary } = run.fields;
  return {
    ...run.fields,
    id: run.id,
    name: run.name,
    readOnly: false,
    user: user === null ? null : userResolvers(user, backend),
    config: () => (isMembers(config) ? wrapConfig(config) : (config?.text ?? null)),
    summaryMetrics: () => (summary ? jsonText(summary) : null),
    systemMetrics: () => run.events.at(-1) ?? "{}",
    historyLineCount: () => run.history.lineCount,
    eventsLineCount: () => run.events.length,
    historyKeys: () => historyKeys(run),
    history: (window: HistoryWindow) => history(run, window, backend),
    events: ({ samples }: { samples?: number | null }) =>
      sample(run.events, samples ?? defaultSamples, backend.random),
    sampledHistory: ({ specs }: { specs: readonly string[] }) =>
      specs.map((spec) => sampledHistory(run, parseJson(markLargeIntegers(spec)), backend)),
    parquetHistory: ({ liveKeys }: { liveKeys: readonly string[] }) =>
      parquetHistory(run, liveKeys, backend),
  };
}

/** The resolvers of the type User. */
export function userResolvers(username: string, { workspace }: WandbBackend) {
  const { entity } = workspace;
  return {
    id: Buffer.from(`User:${username}`).toString("base64"),
    name: username,
    username,
    email: `${username}@${entity}.example`,
    admin: false,
    flags: "{}",
    deletedAt: null,
    entity,
    defaultEntity: entityResolvers(entity),
    apiKeys: { edges: [] },
    teams: { edges: [{ node: entityResolvers(entity) }] },
  };
}

/** The resolvers of the type Entity. */
export function entityResolvers(name: string) {
  return { id: Buffer.from(`Entity:${name}`).toString("base64"), name };
}

/**
 * Throws if `faults.brokenHistory` names this run: a ResponseError, or without a status an Error,
 * which GraphQL reports in a 200.
 */
export function throwIfHistoryBroken(run: WandbRun, { faults }: WandbBackend): void {
  const { brokenHistory } = faults;
  if (brokenHistory?.run !== run.name) return;
  if (brokenHistory.status === "silent") throw new ResponseError(noResponse);
  if (brokenHistory.status === 502) throw new ResponseError(badGateway);
  const message = `failed to read the history of ${run.name}`;
  if (brokenHistory.status === undefined) throw new Error(message);
  throw new ResponseError(graphqlErrors(brokenHistory.status, message));
}

const defaultSamples = 500;

interface HistoryWindow {
  /** A number or text, as the scalar Int64 allows. */
  readonly minStep?: number | string | null;
  readonly maxStep?: number | string | null;
  readonly samples?: number | null;
}

/** The rows with minStep ≤ step < maxStep, but at most `samples` of them. */
function history(run: WandbRun, window: HistoryWindow, backend: WandbBackend): readonly string[] {
  throwIfHistoryBroken(run, backend);
  const { minStep, maxStep } = window;
  const samples = window.samples ?? defaultSamples;
  const { faults, counters, random } = backend;
  if (samples > (faults.tooLarge?.rows ?? Infinity)) throw new ResponseError(badGateway);
  const lines = [...run.history.shownLines(toStep(minStep) ?? 0, toStep(maxStep) ?? Infinity)];
  const paged = typeof (minStep ?? maxStep) !== "undefined";
  const first = paged && faults.overfullPage === "first";
  const rows = first ? lines.slice(0, samples) : sample(lines, samples, random);
  counters.historyRows += rows.length;
  faults.onPage?.({ field: "history", size: rows.length });
  return rows;
}

/**
 * The rows that have all keys of a spec, reduced to those keys. `maxStep` is inclusive here. NaN
 * and the infinities are strings.
 */
function sampledHistory(run: WandbRun, spec: unknown, backend: WandbBackend): readonly unknown[] {
  throwIfHistoryBroken(run, backend);
  if (!isRecord(spec)) throw new ResponseError(graphqlErrors(400, "a spec must be an object"));
  const keys = Array.isArray(spec["keys"]) ? spec["keys"].map(String) : [];
  const from = toStep(spec["minStep"]) ?? 0;
  const to = stepAfter(toStep(spec["maxStep"]) ?? Infinity);
  const rows = rowsWithKeys(run.history.shownLines(from, to), keys);
  return sample(rows, Number(spec["samples"] ?? defaultSamples), backend.random);
}

/** No row has been exported to a file: all of them are live. */
function parquetHistory(run: WandbRun, liveKeys: readonly string[], backend: WandbBackend): object {
  throwIfHistoryBroken(run, backend);
  return { parquetUrls: [], liveData: rowsWithKeys(run.history.shownLines(), liveKeys) };
}

/** The rows that have all these keys, reduced to them. */
function rowsWithKeys(lines: Iterable<string>, keys: readonly string[]): readonly object[] {
  const rows: object[] = [];
  for (const line of lines) {
    const row = parseJson(markLargeIntegers(line));
    const values = new Map([...flattenMetrics(row), ...(isRecord(row) ? Object.entries(row) : [])]);
    const picked = keys.map((key): [string, unknown] => [key, values.get(key) ?? null]);
    if (picked.every(([, value]) => value !== null)) rows.push(Object.fromEntries(picked));
  }
  return rows;
}

/**
 * Without rows, one of the two forms that the SDK handles: an object without `lastStep` while the
 * run is running, otherwise null.
 */
function historyKeys({ history, fields }: WandbRun): object | null {
  const lastStep = history.shownLastStep;
  if (lastStep === undefined && fields.state === "running") return { keys: {}, sets: [] };
  if (lastStep === undefined) return null;
  return { sets: [], keys: history.keys(), lastStep: exactInteger(lastStep) };
}

/** The configuration as W&B stores it: each value wrapped in an object, and NaN as null. */
function wrapConfig(config: Members): string {
  const _wandb = { cli_version: "0.25.0", python_version: "3.12.11", t: { 1: [1, 5] } };
  const values = Object.entries({ ...config, _wandb }).map(
    ([key, value]: [string, Json]): [string, Json] => [key, { value, desc: null }],
  );
  return jsonText(Object.fromEntries(values), "bare but null for NaN");
}

/** At most `size` random elements, in their original order. */
function sample<T>(all: readonly T[], size: number, random: () => number): readonly T[] {
  if (all.length <= size) return all;
  let remaining = size;
  return all.filter((_, index) => {
    const selected = random() * (all.length - index) < remaining;
    if (selected) remaining -= 1;
    return selected;
  });
}
