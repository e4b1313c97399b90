import type { CountlyApp } from "../../../src/emulators/countly/app.ts";
import type { Document } from "../../../src/emulators/countly/document.ts";
import { RawJson } from "../../../src/emulators/raw-json.ts";
import { userIds } from "../../sources/countly/expected-rows.ts";
import { edgeCaseJson } from "../edge-case-json.ts";
import type { Random } from "../../support/random.ts";

const notAnInstant = "the day before yesterday";

/** A user's members, with edge cases; once in a while something that no database can store. */
export function profile(random: Random): Document {
  return {
    name: text(random),
    organization: raw(random),
    custom: { answer: raw(random), "a.b & <c>": [text(random), { '"': "&" }] },
    lp: random.oneIn(400) ? notAnInstant : random.pick([0, "", 1_700_000_123.5]),
    sc: random.pick([1, "12", 0, ""]),
  };
}

/**
 * Texts that the server escapes. None looks like an entity, which could not be unescaped correctly.
 */
const texts = [
  'Zoë & "Ann" <ann@example.com> it\'s',
  "&co; & <b>",
  '{"deep":"<x> & y"}',
  "a & \u0000",
  "\ud800 & alone",
  '{"$date":"2025-01-01T00:00:00Z"}',
  "tab\tnewline\nreturn\rbackslash\\ \\N \\.",
  "é\u2028😀",
  "",
  "NULL",
] as const;

/** A random text that escaping may alter. */
export function text(random: Random): string {
  return `${random.pick(texts)}${random.oneIn(2) ? "" : random.between(0, 9)}`;
}

/** A JSON value that is easily rounded or lost. */
export function raw(random: Random): RawJson {
  return new RawJson(edgeCaseJson(random));
}

/** The ids of some consecutive users. */
export function someIds(app: CountlyApp, random: Random): readonly string[] {
  const ids = userIds(app);
  const start = random.between(0, ids.length);
  return ids.slice(start, start + random.between(1, 30));
}

/** Merges two users, neither of them one that no database can store. */
export function mergeTwo(app: CountlyApp, random: Random): void {
  const [from, into] = random.shuffled(storable(app).map(idOf));
  if (from !== undefined && into !== undefined) app.mergeUsers(from, into);
}

/** All users of an app, unordered. */
export function usersOf({ users }: CountlyApp): Document[] {
  return [...users.rows()].map(({ document }) => document);
}

/** The users of an app that a database can store. */
export function storable(app: CountlyApp): Document[] {
  return usersOf(app).filter(isStorable);
}

/** Whether a database can store a user. */
export function isStorable({ lp }: Document): boolean {
  return lp !== notAnInstant;
}

/** The `_id` of a user. */
export function idOf({ _id }: Document): string {
  return typeof _id === "string" ? _id : "";
}
