import { z } from "zod";

/** What the ledger knows of a dataset whose items were read. */
export interface DatasetEntry {
  /** The version's fingerprint before it was read; absent if it had none. */
  readonly version?: string | undefined;
  /** When it was last read, as ISO 8601. */
  readonly at: string;
  /** How many rows the table got. */
  readonly rows: number;
  /** It had changed so recently that it must be read once more. */
  readonly unsettled?: boolean | undefined;
  /** It showed other items than the service counts, or it has no count. */
  readonly seen?: SeenItems | undefined;
  /** Since when no sync could tell what was deleted, as ISO 8601. */
  readonly unmarkedSince?: string | undefined;
  /** Offsets of items that the service could not deliver. */
  readonly unreadable?: readonly number[] | undefined;
}

/** The items that a walk showed, and since when all walks have shown the same. */
export interface SeenItems {
  readonly digest: string;
  /** By the service's clock, in milliseconds since 1970. */
  readonly since: number;
  /** The service counts others, and they may still appear. */
  readonly isShort?: boolean | undefined;
  /** How many more the service counts, once that is believed to be wrong. */
  readonly lacks?: number | undefined;
}

const shape = z.object({
  version: z.string().optional(),
  at: z.string(),
  rows: z.int(),
  unsettled: z.boolean().optional(),
  seen: z
    .object({
      digest: z.string(),
      since: z.number(),
      isShort: z.boolean().optional(),
      lacks: z.int().optional(),
    })
    .optional(),
  unmarkedSince: z.string().optional(),
  unreadable: z.array(z.int()).optional(),
});

/** Parses an entry; undefined if there is none, or another version wrote it. */
export function parseEntry(text: string | undefined): DatasetEntry | undefined {
  if (text === undefined) return undefined;
  return shape.safeParse(JSON.parse(text)).data;
}
