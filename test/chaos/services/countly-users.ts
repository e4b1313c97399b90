import type { CountlyApp } from "../../../src/emulators/countly/app.ts";
import type { Document } from "../../../src/emulators/countly/document.ts";
import { RawJson } from "../../../src/emulators/raw-json.ts";
import { userIds } from "../../sources/countly/expected-rows.ts";
import { awkwardJson } from "../edge-case-json.ts";
import type { Random } from "../../support/random.ts";

const notAnInstant = "the day before yesterday";

/** What one user is: awkward, and once in a while nothing that a database can store. */
export function profile(random: Random): Document {
  return {
    name: text(random),
    organization: raw(random),
    custom: { answer: raw(random), "a.b & <c>": [text(random), { '"': "&" }] },
    lp: random.oneIn(400) ? notAnInstant : random.pick([0, "", 1_700_000_123.5]),
    sc: random.pick([1, "12", 0, ""]),
  };
}

/** Texts that the server escapes; none that looks like an entity, which it does not tell from what it stands for. */
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

/** A text that is easily spelled otherwise. */
export function text(random: Random): string {
  return `${random.pick(texts)}${random.oneIn(2) ? "" : random.between(0, 9)}`;
}

/** A value that is easily rounded, or lost. */
export function raw(random: Random): RawJson {
  return new RawJson(awkwardJson(random));
}

/** The ids of some users that follow each other. */
export function some(app: CountlyApp, random: Random): readonly string[] {
  const ids = userIds(app);
  const start = random.between(0, ids.length);
  return ids.slice(start, start + random.between(1, 30));
}

/** What no database can store is merged into nobody. */
export function mergeSome(app: CountlyApp, random: Random): void {
  const [from, into] = random.shuffled(storable(app).map(idOf));
  if (from !== undefined && into !== undefined) app.mergeUsers(from, into);
}

/** All users of an app, in no order. */
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
