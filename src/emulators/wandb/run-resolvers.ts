import { badGateway, graphqlErrors, ResponseError } from "./response.ts";
import type { WandbBackend } from "./backend.ts";
import { flattenMetrics } from "./history-keys.ts";
import { isMembers, isRecord, jsonText, parseJson } from "./json.ts";
import type { Json, Members } from "./json.ts";
import type { WandbRun } from "./run.ts";

/** The fields of the type Run that need no project. */
export function runResolvers(run: WandbRun, call: WandbBackend) {
  const { user, config, summary } = run.fields;
  return {
    ...run.fields,
    id: run.id,
    name: run.name,
    readOnly: false,
    user: user === null ? null : userResolvers(user, call),
    config: () => (isMembers(config) ? wrapConfig(config) : (config?.text ?? null)),
    summaryMetrics: () => (summary ? jsonText(summary) : null),
    systemMetrics: () => run.events.at(-1) ?? "{}",
    historyLineCount: () => run.history.lineCount,
    eventsLineCount: () => run.events.length,
    historyKeys: () => historyKeys(run),
    history: (window: HistoryWindow) => history(run, window, call),
    events: ({ samples }: { samples?: number | null }) =>
      sample(run.events, samples ?? defaultSamples, call.random),
    sampledHistory: ({ specs }: { specs: readonly string[] }) =>
      specs.map((spec) => sampledHistory(run, parseJson(spec), call)),
  };
}

/** The fields of the type User. */
export function userResolvers(username: string, { workspace }: WandbBackend) {
  const { entity } = workspace;
  return {
    id: Buffer.from(`User:${username}`).toString("base64"),
    name: username,
    username,
    email: `${username}@${entity}.example`,
    admin: false,
    entity,
    defaultEntity: entityResolvers(entity),
  };
}

/** The fields of the type Entity. */
export function entityResolvers(name: string) {
  return { id: Buffer.from(`Entity:${name}`).toString("base64"), name };
}

/** Throws a Refusal where this run's history is broken; without a status the error is one in a 200. */
export function throwIfHistoryBroken(run: WandbRun, { faults }: WandbBackend): void {
  const { brokenHistory } = faults;
  if (brokenHistory?.run !== run.name) return;
  const message = `failed to read the history of ${run.name}`;
  if (brokenHistory.status === undefined) throw new Error(message);
  throw new ResponseError(graphqlErrors(brokenHistory.status, message));
}

const defaultSamples = 500;

interface HistoryWindow {
  /** The scalar Int64 takes numbers and text. */
  readonly minStep?: number | string | null;
  readonly maxStep?: number | string | null;
  readonly samples?: number | null;
}

/** The rows with minStep ≤ step < maxStep; where there are more of them than `samples`, a part. */
function history(run: WandbRun, window: HistoryWindow, call: WandbBackend): readonly string[] {
  throwIfHistoryBroken(run, call);
  const { minStep, maxStep } = window;
  const samples = window.samples ?? defaultSamples;
  const { faults, counters, random } = call;
  if (samples > (faults.tooLarge?.rows ?? Infinity)) throw new ResponseError(badGateway);
  const lines = [...run.history.lines(Number(minStep ?? 0), Number(maxStep ?? Infinity))];
  const paged = typeof (minStep ?? maxStep) !== "undefined";
  const first = paged && faults.overfullPage === "first";
  const rows = first ? lines.slice(0, samples) : sample(lines, samples, random);
  counters.historyRows += rows.length;
  faults.onPage?.({ field: "history", size: rows.length });
  return rows;
}

/** The rows that have all the keys, up to and with `maxStep`, with those keys alone; NaN and the infinities are strings. */
function sampledHistory(run: WandbRun, spec: unknown, call: WandbBackend): readonly unknown[] {
  throwIfHistoryBroken(run, call);
  if (!isRecord(spec)) throw new ResponseError(graphqlErrors(400, "a spec is an object"));
  const keys = Array.isArray(spec["keys"]) ? spec["keys"].map(String) : [];
  const from = Number(spec["minStep"] ?? 0);
  const to = Number(spec["maxStep"] ?? Infinity) + 1;
  const rows: unknown[] = [];
  for (const line of run.history.lines(from, to)) {
    const row = parseJson(line);
    const values = new Map([...flattenMetrics(row), ...(isRecord(row) ? Object.entries(row) : [])]);
    const picked = keys.map((key): [string, unknown] => [key, values.get(key) ?? null]);
    if (picked.every(([, value]) => value !== null)) rows.push(Object.fromEntries(picked));
  }
  return sample(rows, Number(spec["samples"] ?? defaultSamples), call.random);
}

/** Where there is no row, one of the two answers that the SDK knows: null, and, while the run is running, an object without `lastStep`. */
function historyKeys({ history, fields }: WandbRun): object | null {
  const { lastStep } = history;
  if (lastStep === undefined && fields.state === "running") return { keys: {}, sets: [] };
  if (lastStep === undefined) return null;
  return { sets: [], keys: history.keys(), lastStep };
}

/** The configuration as the service keeps it: each value in an object of its own, NaN and the infinities as null. */
function wrapConfig(config: Members): string {
  const _wandb = { cli_version: "0.25.0", python_version: "3.12.11", t: { 1: [1, 5] } };
  const values = Object.entries({ ...config, _wandb }).map(
    ([key, value]: [string, Json]): [string, Json] => [key, { value, desc: null }],
  );
  return jsonText(Object.fromEntries(values), "null");
}

/** So many elements at random, in their order; all of them where there are no more. */
function sample<T>(all: readonly T[], size: number, random: () => number): readonly T[] {
  if (all.length <= size) return all;
  let wanted = size;
  return all.filter((_, index) => {
    const taken = random() * (all.length - index) < wanted;
    if (taken) wanted -= 1;
    return taken;
  });
}
