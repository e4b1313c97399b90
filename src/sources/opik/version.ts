import { z } from "zod";
import { SourceError } from "../../core/errors.ts";
import type { Client } from "../../http/client.ts";
import { dateOf } from "../../http/http-date.ts";
import { pageBody } from "../../http/paging/page.ts";
import { apiPath } from "./client.ts";
import type { Dataset } from "./dataset.ts";
import { isMissing } from "./missing.ts";
import { rowKeys } from "./workspace-lists.ts";

/** What is known of a dataset's latest version before its items are read. */
export interface Version {
  /** To pin the read to it. Undefined: the dataset has no version. */
  readonly hash: string | undefined;
  /**
   * How many items it has, from the service's own record of the version. Undefined if that does not
   * count them.
   */
  readonly items: number | undefined;
  /**
   * Changes with everything that the service records of the version. Undefined if the items can
   * change without a trace.
   */
  readonly fingerprint: string | undefined;
  /** Whether it changed so long ago that every replica of the service shows it. */
  readonly isSettled: boolean;
  /** Whether items may have been replaced or deleted in it after it was created. */
  readonly mayBeEdited: boolean;
  /** When the service answered, by its own clock, in milliseconds since 1970. */
  readonly date: number;
}

/**
 * How long replicas of the service may lag behind: what is younger is read once more later.
 *
 * @see https://github.com/comet-ml/opik/issues/6678 a replica without the items of a version
 */
export const settlingMs = 15 * 60_000;

/** A version's record is saved a moment after its id was made; its times have whole seconds. */
const creationMs = 2000;

const versionShape = z.object({
  id: z.string(),
  version_hash: z.string(),
  items_total: z.int().optional(),
  items_added: z.int().optional(),
  items_modified: z.int().optional(),
  items_deleted: z.int().optional(),
  last_updated_at: z.string().optional(),
});

type VersionRecord = z.output<typeof versionShape>;

/**
 * Reads the service's record of the latest version. Items written into the version that exists
 * change neither its hash nor the list of datasets, only the counters and the time in this record.
 *
 * The endpoint is not public, so an answer also proves the login.
 *
 * @param now - By our own clock, for a server without the endpoint.
 */
export async function readVersion(client: Client, dataset: Dataset, now: number): Promise<Version> {
  try {
    const path = `${apiPath}/datasets/${encodeURIComponent(dataset.id)}/versions`;
    const { value, headers } = await client.request({
      ...{ method: "GET", path, query: { page: 1, size: 1 } },
      accept: (body) => pageBody(body, { path, rowKeys }).page.rows[0],
    });
    const record = value === undefined ? undefined : parseVersion(value, path);
    const date = dateOf(headers) ?? Date.now();
    return record ? recordedVersion(record, date) : { ...unversioned, date };
  } catch (error) {
    if (!isMissing(error)) throw error;
    return listedVersion(dataset, now);
  }
}

function parseVersion(text: string, path: string): VersionRecord {
  const { data } = versionShape.safeParse(JSON.parse(text));
  if (!data) throw new SourceError(`${path}: expected versions with id and version_hash`);
  return data;
}

const unversioned = {
  hash: undefined,
  items: undefined,
  fingerprint: undefined,
  isSettled: true,
  mayBeEdited: true,
} as const;

function recordedVersion(record: VersionRecord, date: number): Version {
  const { id, version_hash, items_total = -1, last_updated_at = "" } = record;
  const { items_added = 0, items_modified = 0, items_deleted = 0 } = record;
  const created = timeOf(id) ?? 0;
  const updated = Date.parse(last_updated_at);
  const changed = Math.max(created, Number.isNaN(updated) ? created : updated);
  const counters = [items_total, items_added, items_modified, items_deleted];
  // Writes into a version of a server before versions, migrated when it was first read, move
  // neither its counters nor its time.
  const isCounted = items_total >= 0;
  return {
    hash: version_hash,
    items: isCounted ? items_total : undefined,
    fingerprint: isCounted ? [id, ...counters, last_updated_at].join(" ") : undefined,
    isSettled: date - changed >= settlingMs,
    mayBeEdited: !(updated - created <= creationMs),
    date,
  };
}

/**
 * What the list of datasets tells of the latest version.
 *
 * @param date - When it was listed, in milliseconds since 1970.
 */
export function listedVersion({ id, version, items }: Dataset, date: number): Version {
  if (!version) return { ...unversioned, date };
  const created = timeOf(version.id) ?? 0;
  // The count of a version that was migrated is that of the items shown.
  const counted = version.id === id ? undefined : items;
  return {
    hash: version.hash,
    items: counted,
    fingerprint: counted === undefined ? undefined : [version.id, version.hash, counted].join(" "),
    isSettled: date - created >= settlingMs,
    mayBeEdited: true,
    date,
  };
}

/**
 * The time in a UUID of version 7, in milliseconds since 1970.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9562#section-5.7
 */
function timeOf(id: string): number | undefined {
  const hex = id.replaceAll("-", "");
  return /^[0-9a-f]{12}7/i.test(hex) ? Number.parseInt(hex.slice(0, 12), 16) : undefined;
}
