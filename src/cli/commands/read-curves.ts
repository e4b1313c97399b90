import { distance } from "fastest-levenshtein";
import { ConfigError } from "../../core/errors.ts";
import type { Stream } from "../../core/source.ts";
import type { Destination } from "../../core/destination.ts";
import type { Curve } from "../terminal/chart.ts";

/** What is to be drawn: names, or several with commas between them. */
export interface CurveSelection {
  /** Ids of runs; `project/id` where the tables hold several projects. */
  readonly run: string;
  readonly metric: string;
}

interface Run {
  /** What it is asked for by. */
  readonly name: string;
  /** The same, and what people call it. */
  readonly label: string;
  /** The columns that choose it, and their values. */
  readonly where: string;
  readonly values: readonly string[];
}

/** Reads every asked metric of every asked run. Throws a ConfigError, with the nearest names, where there is no such run or metric. */
export async function readCurves(
  destination: Destination,
  streams: readonly Stream[],
  { run, metric }: CurveSelection,
): Promise<readonly Curve[]> {
  const known = await readRuns(destination, streams);
  const curves: Curve[] = [];
  for (const name of parseNames(run, [...known.keys()], "run")) {
    const found = known.get(name);
    if (!found) continue;
    const metrics = await readMetricNames(destination, found);
    for (const chosenMetric of parseNames(metric, metrics, `metric of run "${name}"`))
      curves.push(await readCurve(destination, found, chosenMetric));
  }
  return curves;
}

async function readRuns(
  destination: Destination,
  streams: readonly Stream[],
): Promise<ReadonlyMap<string, Run>> {
  const several = streams.some(({ name, columns }) => name === "runs" && "project" in columns);
  const key = several ? ["project", "run_id"] : ["run_id"];
  const rows = await selectRows(
    destination,
    `select ${key.join(", ")}, name from runs where not _deleted order by created_at, run_id`,
  );
  const where = key.map((column) => `${column} = ?`).join(" and ");
  const runs = rows.map((row) => {
    const values = key.map((column) => asText(row[column]));
    const name = values.join("/");
    const called = asText(row["name"]);
    return { name, label: called === "" ? name : `${called} (${name})`, where, values };
  });
  return new Map(runs.map((run) => [run.name, run]));
}

async function readMetricNames(
  destination: Destination,
  { where, values }: Run,
): Promise<readonly string[]> {
  const query = `select distinct metric_name from metrics where ${where} and not _deleted order by 1`;
  const rows = await selectRows(destination, query, values);
  return rows.map(({ metric_name }) => asText(metric_name));
}

/** What is no finite number is left out; the line goes from the value before to the one after it. */
async function readCurve(destination: Destination, run: Run, metric: string): Promise<Curve> {
  const query = `select step, metric_value from metrics where ${run.where} and metric_name = ?
    and metric_value is not null and not _deleted order by step`;
  const rows = await selectRows(destination, query, [...run.values, metric]);
  const points = rows
    .map(({ step, metric_value }) => [Number(step), Number(metric_value)] as const)
    .filter(([, value]) => Number.isFinite(value));
  if (points.length > 0) return { label: `${run.label} ${metric}`, points };
  throw new ConfigError(`metric "${metric}" of run "${run.name}": holds no numbers to draw`);
}

/** A table that is not there is one that no sync has made yet. */
async function selectRows(
  destination: Destination,
  query: string,
  parameters: readonly string[] = [],
): ReturnType<Destination["select"]> {
  return await destination.select(query, parameters).catch((cause: unknown) => {
    if (!isMissingTable(cause)) throw cause;
    const text = `${destination.label}: no runs and metrics here yet; sync first`;
    throw new ConfigError(text, { cause });
  });
}

/** Postgres has a code for it, SQLite only words; either may be the cause of what a person is told. */
function isMissingTable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const isMissing = "code" in error && error.code === "42P01";
  return isMissing || /no such table/.test(error.message) || isMissingTable(error.cause);
}

/** What a text names: one name, which may hold commas itself, or several with commas between them. */
function parseNames(text: string, names: readonly string[], what: string): readonly string[] {
  const known = new Set(names);
  const wanted = known.has(text) ? [text] : text.split(",").map((name) => name.trim());
  const unknown = wanted.find((name) => !known.has(name));
  if (unknown === undefined) return [...new Set(wanted)];
  throw new ConfigError(`unknown ${what}: "${unknown}"; ${suggestNames(unknown, names)}`);
}

const maxSuggestions = 5;

function suggestNames(text: string, names: readonly string[]): string {
  if (names.length === 0) return "there is none yet; sync first";
  const near = names
    .map((name) => ({ name, apart: distance(name, text) }))
    .sort((a, b) => a.apart - b.apart)
    .slice(0, maxSuggestions)
    .map(({ name }) => `"${name}"`);
  return `did you mean ${near.join(", ")}?`;
}

function asText(value: unknown): string {
  return typeof value === "string" ? value : "";
}
