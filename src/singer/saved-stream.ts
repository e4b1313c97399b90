import { z } from "zod";
import type { Columns, ColumnType } from "../core/schema.ts";
import type { State } from "../core/destination.ts";
import type { Checkpoint } from "../core/source.ts";

/** What a target's checkpoint stores about a stream between runs. */
export interface SavedStream {
  /** The tap's name for it; the table's may differ. */
  readonly stream: string;
  /** Every column that the table has had. */
  readonly columns: Columns;
  /** Columns that could not be named after their property, by property. */
  readonly renamed?: Readonly<Record<string, string>> | undefined;
  /** Columns that continue others whose types in the table did not fit, by name and type. */
  readonly continued?: Readonly<Record<string, Readonly<Record<string, string>>>> | undefined;
  /** What rivulet's own tap copies, from its SCHEMA. */
  readonly identity?: string | undefined;
}

const columnTypes = [
  "boolean",
  "integer",
  "double",
  "decimal",
  "date",
  "timestamp",
  "string",
  "binary",
  "json",
] as const satisfies readonly ColumnType[];

const savedStream = z.object({
  stream: z.string(),
  columns: z.record(z.string(), z.enum(columnTypes)),
  renamed: z.record(z.string(), z.string()).optional(),
  continued: z.record(z.string(), z.record(z.string(), z.string())).optional(),
  identity: z.string().optional(),
});

/** The streams of earlier runs, by table. */
export function savedStreams(state: State): ReadonlyMap<string, SavedStream> {
  const found = new Map<string, SavedStream>();
  for (const [table, checkpoints] of state) {
    const saved = parseSavedStream(checkpoints.get(""));
    if (saved) found.set(table, saved);
  }
  return found;
}

/** Parses a stream's checkpoint; undefined if a target did not write it. */
function parseSavedStream(checkpoint: Checkpoint | undefined): SavedStream | undefined {
  return savedStream.safeParse(checkpoint).data;
}
