import { distance } from "fastest-levenshtein";
import { ConfigError } from "../../core/errors.ts";
import type { Stream } from "../../core/source.ts";
import { MissingTableError, type Destination } from "../../core/destination.ts";
import type { Curve } from "../terminal/chart.ts";

interface CurveSelection {
  /** Ids of runs, separated by commas; `project/id` if the tables hold several projects. */
  readonly run: string;
  /** Names of metrics, separated by commas. */
  readonly metric: string;
}

interface Run {
  /** Its id, or `project/id`. */
  readonly name: string;
  /** Its display name, with the id. */
  readonly label: string;
  /** The SQL condition on its key, and the values of its parameters. */
  readonly where: string;
  readonly values: readonly string[];
}

/**
 * Reads each selected metric of each selected run. Throws a ConfigError that suggests similar names
 * if one does not exist.
 */
export async function readCurves(
  destination: Destination,
  streams: readonly Stream[],
  { run, metric }: CurveSelection,
): Promise<readonly Curve[]> {
  const runs = await readRuns(destination, streams);
  const curves: Curve[] = [];
  for (const runName of parseNames(run, [...runs.keys()], "run")) {
    const selected = runs.get(runName);
    if (!selected) continue;
    const metrics = await readMetricNames(destination, selected);
    for (const metricName of parseNames(metric, metrics, `metric of run "${runName}"`))
      curves.push(await readCurve(destination, selected, metricName));
  }
  return curves;
}

async function readRuns(
  destination: Destination,
  streams: readonly Stream[],
): Promise<ReadonlyMap<string, Run>> {
  const hasProjects = streams.some(({ name, columns }) => name === "runs" && "project" in columns);
  const key = hasProjects ? ["project", "run_id"] : ["run_id"];
  const rows = await selectRows(
    destination,
    `select ${key.join(", ")}, name from runs where not _deleted order by created_at, run_id`,
  );
  const where = key.map((column) => `${column} = ?`).join(" and ");
  const runs = rows.map((row) => {
    const values = key.map((column) => asText(row[column]));
    const name = values.join("/");
    const displayName = asText(row["name"]);
    return { name, label: displayName === "" ? name : `${displayName} (${name})`, where, values };
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

/** Skips values that are not finite numbers: the line connects their neighbours. */
async function readCurve(destination: Destination, run: Run, metric: string): Promise<Curve> {
  const query = `select step, metric_value from metrics where ${run.where} and metric_name = ?
    and metric_value is not null and not _deleted order by step`;
  const rows = await selectRows(destination, query, [...run.values, metric]);
  const points = rows
    .map(({ step, metric_value }) => [Number(step), Number(metric_value)] as const)
    .filter(([, value]) => Number.isFinite(value));
  if (points.length > 0) return { label: `${run.label} ${metric}`, points };
  throw new ConfigError(`metric "${metric}" of run "${run.name}": has no numbers to plot`);
}

/** Throws a ConfigError if the table does not exist: no sync has created it yet. */
async function selectRows(
  destination: Destination,
  query: string,
  parameters: readonly string[] = [],
): ReturnType<Destination["select"]> {
  return await destination.select(query, parameters).catch((cause: unknown) => {
    if (!(cause instanceof MissingTableError)) throw cause;
    const text = `${destination.label}: has no runs and metrics yet; sync first`;
    throw new ConfigError(text, { cause });
  });
}

/** Names separated by commas, or a single name, which may contain commas itself. */
function parseNames(text: string, names: readonly string[], what: string): readonly string[] {
  const existing = new Set(names);
  const selected = existing.has(text) ? [text] : text.split(",").map((name) => name.trim());
  const unknown = selected.find((name) => !existing.has(name));
  if (unknown === undefined) return [...new Set(selected)];
  throw new ConfigError(`unknown ${what}: "${unknown}"; ${suggestNames(unknown, names)}`);
}

const maxSuggestions = 5;

function suggestNames(text: string, names: readonly string[]): string {
  if (names.length === 0) return "there are none yet; sync first";
  const closest = names
    .map((name) => ({ name, edits: distance(name, text) }))
    .sort((a, b) => a.edits - b.edits)
    .slice(0, maxSuggestions)
    .map(({ name }) => `"${name}"`);
  return `did you mean ${closest.join(", ")}?`;
}

function asText(value: unknown): string {
  return typeof value === "string" ? value : "";
}
