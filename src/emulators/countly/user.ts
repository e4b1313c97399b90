import { createHash } from "node:crypto";
import type { Document } from "./document.ts";

/** The `_id` of a user: nothing can be read from it, and its order is that of no time. */
export function userId(appKey: string, deviceId: string): string {
  return createHash("sha1")
    .update(appKey + deviceId)
    .digest("hex");
}

/** How an instant is spelled: in seconds since 1970, in milliseconds, in one or the other, or in seconds as a string. */
export type TimestampFormat = "seconds" | "milliseconds" | "mixed" | "strings";

/** An instant that is known in seconds, in another unit. */
export function formatTimestamp(seconds: number, unit: TimestampFormat): number | string {
  switch (unit) {
    case "seconds":
      return seconds;
    case "milliseconds":
      return seconds * 1000;
    case "mixed":
      // The highest bit of a hash: instants at even distances would else all get the same unit.
      return Math.imul(seconds, 0x9e3779b1) < 0 ? seconds : seconds * 1000;
    case "strings":
      return String(seconds);
  }
}

export interface NewUser {
  /** Counts the users of the app; the small `uid` follows from it. */
  readonly number: number;
  /** Seconds since 1970. */
  readonly now: number;
  readonly timestampFormat: TimestampFormat;
}

/** What the server writes down of a device that it has just seen for the first time, all but `_id` and `did`. */
export function newUser({ number, now, timestampFormat }: NewUser): Document {
  return {
    uid: number.toString(36),
    fs: now,
    ls: now,
    fac: now,
    lac: now,
    first_sync: formatTimestamp(now, timestampFormat),
    last_sync: formatTimestamp(now, timestampFormat),
    lu: new Date(now * 1000),
    sc: 1,
    sd: 0,
    tsd: 0,
    hos: false,
    ...deviceOf(number),
  };
}

/** The members that tell of a user's device and place. */
export const deviceMembers = "p pv d dt mnf av r c cc rgn cty".split(" ");

/** The device of a user, the same for the same number. */
export function deviceOf(number: number): Document {
  return devices[number % devices.length] ?? {};
}

const devices: readonly Document[] = [
  "Android|a14|SM-S911B|mobile|Samsung|3:2:0|1080x2340|Vodafone|DE|BE|Berlin",
  "iOS|i17|iPhone 15|mobile|Apple|3:2:1|1179x2556|Orange|FR|IDF|Paris",
  "Windows|mw11|PC|desktop||2:9:4|1920x1080||US|WA|Seattle",
  "Mac|o14|MacBook Pro|desktop|Apple|3:1:0|3024x1964||JP|13|東京",
].map((line) => {
  const values = line.split("|");
  return Object.fromEntries(deviceMembers.map((name, index) => [name, values[index] || undefined]));
});
