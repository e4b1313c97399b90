import type { OpikClock } from "./clock.ts";
import type { Members } from "./json.ts";

/** A dataset version, with its counts of items. */
export interface OpikVersion extends Members {
  readonly id: string;
  readonly version_hash: string;
  readonly version_name: string;
  /** -1 in a version that was made of the items of a server before versions. */
  readonly items_total: number;
  readonly items_added: number;
  readonly items_modified: number;
  readonly items_deleted: number;
}

/** By how much a write changes the counts of a version. */
export interface CountChange {
  readonly added?: number;
  readonly modified?: number;
  readonly deleted?: number;
}

/** A new version without items. Its hash is the end of its id, as on the server. */
export function newVersion(
  number: number,
  { clock, user, datasetId }: { clock: OpikClock; user: string; datasetId: string },
): OpikVersion {
  const id = clock.nextId();
  const created_at = clock.nextInstant();
  return {
    id,
    dataset_id: datasetId,
    version_hash: id.slice(-8),
    version_name: `v${number}`,
    ...{ items_total: 0, items_added: 0, items_modified: 0, items_deleted: 0 },
    created_at,
    created_by: user,
    last_updated_at: wholeSeconds(clock.nowMs),
    last_updated_by: user,
  };
}

/**
 * The version that a newer server makes of a dataset when its items are first read: the id and
 * times are the dataset's, and the number of items is unknown.
 */
export function migratedVersion(dataset: Members & { readonly id: string }): OpikVersion {
  const { id, created_at, created_by, last_updated_at, last_updated_by } = dataset;
  return {
    id,
    dataset_id: id,
    version_hash: "v1",
    version_name: "v1",
    ...{ items_total: -1, items_added: 0, items_modified: 0, items_deleted: 0 },
    ...{ created_at, created_by, last_updated_at, last_updated_by },
  };
}

/**
 * A version after a write into it. Its time moves in whole seconds, so two writes within one second
 * have the same; where the number of items is unknown, nothing moves.
 */
export function countWrite(version: OpikVersion, change: CountChange, nowMs: number): OpikVersion {
  const { added = 0, modified = 0, deleted = 0 } = change;
  if (version.items_total < 0) return version;
  return {
    ...version,
    items_total: version.items_total + added - deleted,
    items_added: version.items_added + added,
    items_modified: version.items_modified + modified,
    items_deleted: version.items_deleted + deleted,
    last_updated_at: wholeSeconds(nowMs),
  };
}

function wholeSeconds(nowMs: number): string {
  return `${new Date(nowMs).toISOString().slice(0, 19)}Z`;
}
