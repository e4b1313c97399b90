import type { Json } from "../../../core/source.ts";

/** A MongoDB query or sort order. */
export type MongoQuery = Readonly<Record<string, Json>>;

/** A range of user ids. A bound that is absent is open. */
export interface IdRange {
  /** Inclusive. */
  readonly from?: string | undefined;
  /** Exclusive. */
  readonly below?: string | undefined;
  /** Inclusive. */
  readonly through?: string | undefined;
}

/** The query for the users in a range of ids; with `since`, only those active at or after it. */
export function userQuery(since: string | undefined, range: IdRange): MongoQuery {
  const { from, below, through } = range;
  const bounds = {
    ...(from === undefined ? {} : { $gte: from }),
    ...(below === undefined ? {} : { $lt: below }),
    ...(through === undefined ? {} : { $lte: through }),
  };
  return {
    ...(Object.keys(bounds).length === 0 ? {} : { _id: bounds }),
    ...(since === undefined ? {} : { $or: activeSince(since) }),
  };
}

/** Numbers from here on are milliseconds; smaller ones are seconds. */
const firstMillisecond = 1e11;

/**
 * Users that the server (`last_sync`) or the device (`lac`) saw active at or after an instant.
 * Both may be in seconds, in milliseconds, or text of either. The text of the seconds is a prefix
 * of that of the milliseconds, so one text comparison covers both.
 */
function activeSince(since: string): readonly MongoQuery[] {
  const second = Math.floor(Date.parse(since) / 1000);
  return ["last_sync", "lac"].flatMap((name) => [
    { [name]: { $gte: second, $lt: firstMillisecond } },
    { [name]: { $gte: Math.max(second * 1000, firstMillisecond) } },
    { [name]: { $gte: String(second) } },
  ]);
}

/** Whether an id lies in a range. */
export function isWithin(id: string, { from, below, through }: IdRange): boolean {
  if (from !== undefined && id < from) return false;
  return (below === undefined || id < below) && (through === undefined || id <= through);
}
