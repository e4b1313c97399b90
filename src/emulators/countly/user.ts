import { createHash } from "node:crypto";
import type { Document } from "./document.ts";

/** The `_id` of a user, a hash: ids do not sort by time. */
export function userId(appKey: string, deviceId: string): string {
  return createHash("sha1")
    .update(appKey + deviceId)
    .digest("hex");
}

/**
 * How times since 1970 are stored: seconds, milliseconds, either of both, or seconds as a string.
 */
export type TimestampFormat = "seconds" | "milliseconds" | "mixed" | "strings";

/** A time in seconds since 1970, in another format. */
export function formatTimestamp(seconds: number, unit: TimestampFormat): number | string {
  switch (unit) {
    case "seconds":
      return seconds;
    case "milliseconds":
      return seconds * 1000;
    case "mixed":
      // The highest bit of a hash, because evenly spaced times must not all get the same unit.
      return Math.imul(seconds, 0x9e3779b1) < 0 ? seconds : seconds * 1000;
    case "strings":
      return String(seconds);
  }
}

/** What a new user's document is generated from. */
interface NewUser {
  /** The user's sequence number in the app, from which the `uid` derives. */
  readonly number: number;
  /** Seconds since 1970. */
  readonly now: number;
  readonly timestampFormat: TimestampFormat;
}

/** The document of a device's first contact, without `_id` and `did`. */
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

/** The members that describe a user's device and location. */
export const deviceMembers = "p pv d dt mnf av r c cc rgn cty".split(" ");

/** The device members of a user, derived from the user's number. */
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
