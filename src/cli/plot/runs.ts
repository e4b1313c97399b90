import { ConfigError } from "../../core/errors.ts";
import { MissingTableError, type Destination } from "../../core/destination.ts";

/** A run in the destination that is not marked as deleted. */
export interface Run {
  /** Its id, or `project/id` if the tables hold several projects. */
  readonly key: string;
  readonly id: string;
  /** Its display name; empty if it has none. */
  readonly name: string;
  /** The SQL condition on its key, and the values of its parameters. */
  readonly where: string;
  readonly values: readonly string[];
  /** Its row, without `raw` and other large columns. */
  readonly row: SelectedRow;
}

type SelectedRow = Readonly<Record<string, unknown>>;

/** Columns of `runs` that runs can be listed or grouped by. */
export const runColumns = ["state", "user", "group", "job_type", "sweep", "host"] as const;

/** All runs, oldest first. Throws a ConfigError if no sync has created the table yet. */
export async function readRuns(destination: Destination): Promise<readonly Run[]> {
  const [first] = await selectRows(destination, "select * from runs limit 1");
  const keyColumns = first && "project" in first ? ["project", "run_id"] : ["run_id"];
  const columns = ["name", "created_at", "config_json", ...runColumns, ...keyColumns];
  const rows = await selectRows(
    destination,
    `select ${columns.map((column) => `"${column}"`).join(", ")} from runs where not _deleted
     order by created_at, run_id`,
  );
  const where = keyColumns.map((column) => `${column} = ?`).join(" and ");
  return rows.map((row) => {
    const values = keyColumns.map((column) => asText(row[column]));
    const [id, name] = [asText(row["run_id"]), asText(row["name"])];
    return { key: values.join("/"), id, name, where, values, row };
  });
}

/** The name of a run for a legend: its display name, with the key that is unique. */
export function runLabel({ key, name }: Run): string {
  return name === "" || name === key ? key : `${name} (${key})`;
}

/** Runs a query. Throws a ConfigError if its table does not exist: no sync has created it yet. */
export async function selectRows(
  destination: Destination,
  query: string,
  parameters: readonly string[] = [],
): Promise<readonly SelectedRow[]> {
  return await destination.select(query, parameters).catch((cause: unknown) => {
    if (!(cause instanceof MissingTableError)) throw cause;
    const text = `${destination.label}: has no runs and metrics yet; sync first`;
    throw new ConfigError(text, { cause });
  });
}

/** A value of the database as text; empty unless it is text. */
export function asText(value: unknown): string {
  return typeof value === "string" ? value : "";
}
