import type { TestDatabase } from "../../support/databases.ts";
import { flattenMetrics } from "../../../src/emulators/wandb/history-keys.ts";
import { isRecord, parseJson } from "../../../src/emulators/wandb/json.ts";
import { RawJson } from "../../../src/emulators/raw-json.ts";
import type { WandbProject } from "../../../src/emulators/wandb/project.ts";
import type { WandbRun } from "../../../src/emulators/wandb/run.ts";

type Cells = Readonly<Record<string, unknown>>;

/** The expected contents of both tables, in the order of their keys. */
export interface Tables {
  readonly runs: readonly Cells[];
  readonly metrics: readonly Cells[];
}

/**
 * The tables that a project should give, derived independently of the source. JSON columns are
 * parsed, timestamps are seconds since 1970.
 */
export function expectedTables(project: WandbProject): Tables {
  const all = project.sortedRuns({ by: "createdAt", descending: false });
  const runs = all.filter((run) => !run.hidden);
  return {
    runs: sortByKey(runs.map(runCells), ["run_id"]),
    metrics: sortByKey(runs.flatMap(metricCells), ["run_id", "step", "metric_name"]),
  };
}

/** The rows in a database that are not marked as deleted, in the same form. */
export async function storedTables(database: TestDatabase): Promise<Tables> {
  const runs = await database.query(`SELECT * FROM runs WHERE NOT _deleted`);
  const metrics = await database.query(`SELECT * FROM metrics WHERE NOT _deleted`);
  return {
    runs: sortByKey(runs.map(readRun), ["run_id"]),
    metrics: sortByKey(metrics.map(readMetric), ["run_id", "step", "metric_name"]),
  };
}

function runCells({ name, history, fields }: WandbRun): Cells {
  const { config, summary, ...rest } = fields;
  if (config instanceof RawJson || summary instanceof RawJson) throw new Error("not for raw JSON");
  return {
    run_id: name,
    name: rest.displayName ?? name,
    state: rest.state,
    user: rest.user,
    created_at: seconds(rest.createdAt),
    updated_at: seconds(rest.updatedAt),
    tags: rest.tags,
    config_json: config,
    summary_json: summary,
    display_name: rest.displayName,
    group: rest.group,
    job_type: rest.jobType,
    sweep: rest.sweepName,
    notes: rest.notes,
    description: rest.description,
    host: rest.host,
    commit: rest.commit,
    heartbeat_at: seconds(rest.heartbeatAt),
    history_line_count: history.lineCount,
  };
}

function metricCells(run: WandbRun): Cells[] {
  return [...run.history.lines()].flatMap((line) => {
    const row = parseJson(line);
    if (!isRecord(row)) throw new Error("expected an object");
    return flattenMetrics(row)
      .filter(([name]) => !name.startsWith("_"))
      .map(([name, value]) => ({
        run_id: run.name,
        step: row["_step"],
        metric_name: name,
        metric_value: typeof value === "number" ? value : null,
        timestamp: Math.round(Number(row["_timestamp"]) * 1e6) / 1e6,
        value_json: typeof value === "number" ? null : JSON.stringify(value),
      }));
  });
}

function readRun({ raw, ...given }: Cells): Cells {
  const row = withoutOwnColumns(given);
  const cells = {
    ...row,
    ...each(row, ["created_at", "updated_at", "heartbeat_at"], seconds),
    ...each(row, ["tags", "config_json", "summary_json"], (text) => JSON.parse(text) as unknown),
    history_line_count: Number(row["history_line_count"]),
  };
  const { name, id } = JSON.parse(String(raw)) as Cells;
  if (![name, id].includes(row["run_id"])) throw new Error("raw is of another run");
  return cells;
}

function readMetric(given: Cells): Cells {
  const row = withoutOwnColumns(given);
  return {
    ...row,
    step: Number(row["step"]),
    metric_value: row["metric_value"] === null ? null : Number(row["metric_value"]),
    timestamp: seconds(String(row["timestamp"])),
    ...each(row, ["value_json"], (text) => JSON.stringify(JSON.parse(text))),
  };
}

/** Without rivulet's own columns. */
function withoutOwnColumns(row: Cells): Cells {
  const entries = Object.entries(row);
  return Object.fromEntries(entries.filter(([name]) => !["_synced_at", "_deleted"].includes(name)));
}

function each(row: Cells, names: readonly string[], read: (text: string) => unknown): Cells {
  const readEach = names.map((name) => {
    const value = row[name];
    return [name, typeof value === "string" ? read(value) : null] as const;
  });
  return Object.fromEntries(readEach);
}

/**
 * Seconds since 1970, to the microsecond, of a timestamp as the service or a database writes it.
 */
function seconds(instant: string | null): number | null {
  if (instant === null) return null;
  const [, whole = "", fraction = ""] =
    /^(.{19})(?:\.(\d+))?(?:Z|\+00)?$/.exec(instant.replace(" ", "T")) ?? [];
  const micros = Number(fraction.padEnd(6, "0"));
  return Math.round(Date.parse(`${whole}Z`) * 1000 + micros) / 1e6;
}

function sortByKey(rows: readonly Cells[], key: readonly string[]): readonly Cells[] {
  const keyOf = (row: Cells): string =>
    key.map((name) => String(row[name]).padStart(12, "0")).join(" ");
  return rows.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}
