import type { SqlRow, TestDatabase } from "../../support/databases.ts";
import { numberText, parseExact } from "../exact-json.ts";
import { timeCell, type Reading } from "./reading.ts";

/** The runs and histories that `wandb-sync` wrote into a database, without deleted rows. */
export async function storedReading(database: TestDatabase): Promise<Reading> {
  const runs = await database.query(`SELECT * FROM runs WHERE NOT _deleted`);
  // As a number, a step of 64 bits would be rounded.
  const metrics = await database.query(
    `SELECT *, CAST(step AS text) AS exact_step FROM metrics WHERE NOT _deleted`,
  );
  return {
    fields: new Map(runs.flatMap(fieldsOf)),
    cells: new Map(metrics.flatMap(cellsOf)),
  };
}

function idOf({ project, run_id }: SqlRow): string {
  return `${String(project)}/${String(run_id)}`;
}

function fieldsOf(row: SqlRow): [string, unknown][] {
  const { display_name, state, user, group, job_type, sweep, notes, description, commit } = row;
  const fields = {
    ...{ display_name, state, user, group, job_type, sweep, notes, description, commit },
    tags: parseExact(String(row["tags"])),
    created_at: micros(row["created_at"]) / 1000,
    heartbeat_at: row["heartbeat_at"] === null ? null : micros(row["heartbeat_at"]) / 1000,
    history_line_count: numberText(String(row["history_line_count"])),
    config: parseExact(String(row["config_json"])),
    summary: parseExact(String(row["summary_json"])),
  };
  return Object.entries(fields).map(([name, value]) => [`${idOf(row)}/${name}`, value]);
}

/** The value of a metric, and the time of its line. */
function cellsOf(row: SqlRow): [string, unknown][] {
  const line = `${idOf(row)}/${String(row["exact_step"])}`;
  const { value_json: json, metric_value: number } = row;
  const value = typeof json === "string" ? parseExact(json) : doubleText(Number(number));
  return [
    [`${line}/${timeCell}`, micros(row["timestamp"])],
    [`${line}/${String(row["metric_name"])}`, value],
  ];
}

/** JavaScript prints digits of great doubles that are not those of their value. */
function doubleText(number: number): string {
  return numberText(Number.isInteger(number) ? String(BigInt(number)) : String(number));
}

/** Microseconds since 1970 of a time in UTC, as a database writes it. */
function micros(instant: unknown): number {
  const [, whole = "", fraction = ""] =
    /^(.{19})(?:\.(\d+))?Z?$/.exec(String(instant).replace(" ", "T")) ?? [];
  return Date.parse(`${whole}Z`) * 1000 + Number(fraction.padEnd(6, "0"));
}
