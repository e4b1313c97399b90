import { z } from "zod";
import { shortDigest } from "../../core/short-digest.ts";
import type { Checkpoint, ReadOptions } from "../../core/source.ts";
import { refusalOf, warnOfChange } from "../../engine/mass-deletion.ts";
import type { List } from "./page.ts";

/** What a stream saves about a list that it reads whole. */
const savedShape = z.object({
  /** How many rows the list showed when it was last believed. */
  believed: z.int(),
  /** A digest of what was asked for. */
  scope: z.string(),
});

interface CompleteList {
  /** The number of different rows that it showed. */
  readonly shown: number;
  readonly options: ReadOptions;
}

/**
 * Judges a complete list before it is swept. Returns the checkpoint to save, if it changed, with
 * the size that is believed from now on. Throws a MassDeletionError if the list lacks too much.
 */
export function believedSize(
  { name, path, query = {} }: List & { readonly name: string },
  { shown, options }: CompleteList,
): Checkpoint | undefined {
  const saved = savedShape.safeParse(options.checkpoints.get("")).data;
  // A query may hold what must not be stored.
  const scope = shortDigest(JSON.stringify([path, query]));
  const isSame = saved?.scope === scope;
  const listing = { noun: "rows", shown, believed: saved?.believed ?? 0 };
  const refusal = isSame ? refusalOf({ where: path, ...listing }, options) : undefined;
  if (refusal) throw refusal;
  if (!isSame) warnOfChange({ where: name, ...listing }, "its path or query was", options.log);
  return isSame && shown === saved.believed ? undefined : { believed: shown, scope };
}
