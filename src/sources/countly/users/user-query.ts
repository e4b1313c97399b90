import type { Json } from "../../../core/source.ts";

/** A query of MongoDB, as JSON. */
export type MongoQuery = Readonly<Record<string, Json>>;

/** Users whose id lies between two others; an end that is absent is open. */
export interface IdRange {
  /** The smallest id, itself included. */
  readonly from?: string | undefined;
  /** The largest id, itself not included. */
  readonly below?: string | undefined;
  /** The largest id, itself included. */
  readonly through?: string | undefined;
}

/** What to ask for: all users, or those that were active at or after an instant, of a range of ids. */
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

/** The first number that is one of milliseconds; smaller ones are seconds. */
const firstMillisecond = 1e11;

/**
 * Users that the server, or the device, has seen at or after an instant. Both are spelled in seconds, in milliseconds, or as text of either,
 * of which the former is a prefix of the latter, so that one comparison of texts does for both.
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
