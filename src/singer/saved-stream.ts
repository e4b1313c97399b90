import { z } from "zod";
import type { Columns, ColumnType } from "../core/schema.ts";
import type { Checkpoint } from "../core/source.ts";

/** What is remembered of a stream from run to run. */
export interface SavedStream {
  readonly stream: string;
  readonly columns: Columns;
  /** The columns of properties that could not have their own name. */
  readonly renamed?: Readonly<Record<string, string>> | undefined;
  /** What a tap of ours said that it copies. */
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

const memory = z.object({
  stream: z.string(),
  columns: z.record(z.string(), z.enum(columnTypes)),
  renamed: z.record(z.string(), z.string()).optional(),
  identity: z.string().optional(),
});

/** What a stream's checkpoint holds; undefined where it is not of our making. */
export function parseSavedStream(checkpoint: Checkpoint | undefined): SavedStream | undefined {
  return memory.safeParse(checkpoint).data;
}
