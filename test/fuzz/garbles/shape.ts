import type { Random } from "../../support/random.ts";
import type { Garble, Garbles } from "../garble.ts";
import { raw } from "./raw-response.ts";

/** JSON that is well formed, but not as the source knows it. */
export const shapeGarbles: Garbles = {
  "a value of another type": replacing((value, random) => {
    const others = replacements.filter(([, type]) => type !== typeOf(value));
    return { text: random.pick(others)[0] };
  }),
  "a value that is null": replacing((value) =>
    value === null ? undefined : { text: "null", mayLie: true },
  ),
  "another value of the same type": replacing((value, random) => {
    const same = replacements.filter(([, type]) => type === typeOf(value));
    return same.length === 0 ? undefined : { text: random.pick(same)[0], mayLie: true };
  }),
  "a value in a list": replacing((value) => ({
    text: `[${JSON.stringify(value)}]`,
    mayLie: Array.isArray(value),
  })),
  "a member less": replacing((value, random) => {
    if (typeOf(value) !== "object") return undefined;
    const members = Object.entries(value as Record<string, unknown>);
    if (members.length === 0) return undefined;
    const gone = random.pick(members)[0];
    const rest = members.filter(([name]) => name !== gone);
    return { text: JSON.stringify(Object.fromEntries(rest)), mayLie: true };
  }),
  "an element less, or twice": replacing((value, random) => {
    if (!Array.isArray(value) || value.length === 0) return undefined;
    const at = random.between(0, value.length - 1);
    const rest = random.oneIn(2) ? value.toSpliced(at, 1) : value.toSpliced(at, 0, value[at]);
    return { text: JSON.stringify(rest), mayLie: true };
  }),
  "a member twice": replacing((value, random) => {
    if (typeOf(value) !== "object") return undefined;
    const members = Object.entries(value as Record<string, unknown>);
    if (members.length === 0) return undefined;
    const [name, old] = random.pick(members);
    const others = replacements.filter(([, type]) => type !== typeOf(old));
    const again = `${JSON.stringify(name)}:${random.pick(others)[0]}`;
    const own = JSON.stringify(value);
    return {
      text: random.oneIn(2) ? `${own.slice(0, -1)},${again}}` : `{${again},${own.slice(1)}`,
    };
  }),
};

const deep = 5000;

/** Texts of values, with their types. */
const replacements: readonly (readonly [text: string, type: string])[] = [
  ...["true", "false"].map((text) => [text, "boolean"] as const),
  ...["0", "-1", "1e400", "-0", "0.5", "9007199254740993", "1e15", "9".repeat(400)].map(
    (text) => [text, "number"] as const,
  ),
  ...['""', '"x"', '"\\u0000"', '"\\ud800"', '"null"', '"-1"', '"2026-13-99T99:99:99Z"'].map(
    (text) => [text, "string"] as const,
  ),
  [`"${"y".repeat(100_000)}"`, "string"],
  ['"\\u001b[2J\\u202e"', "string"],
  ...["[]", "[null]", "[{}]", "[[],{}]", '["x"]'].map((text) => [text, "array"] as const),
  [`${"[".repeat(deep)}${"]".repeat(deep)}`, "array"],
  ...["{}", '{"id":1}', '{"__proto__":1}', '{"":null}', '{"message":"x"}'].map(
    (text) => [text, "object"] as const,
  ),
  [`${'{"a":'.repeat(deep)}1${"}".repeat(deep)}`, "object"],
];

function typeOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

interface Replacement {
  readonly text: string;
  readonly mayLie?: boolean;
}

type Replace = (value: unknown, random: Random) => Replacement | undefined;

/** Replaces the text of a random value in the body, or in one of its lines. */
function replacing(replace: Replace): Garble {
  return ({ exchange: { body, status }, random }) => {
    const lines = body.split("\n");
    const at = random.between(0, lines.length - 1);
    const root = parsed(lines[at] ?? "");
    if (root === undefined) return undefined;
    const place = randomPlace(root, random);
    const replacement = replace(valueAt(root, place), random);
    if (!replacement) return undefined;
    lines[at] = replaced(root, place, replacement.text);
    const respond = raw({ status: `${status} X`, body: lines.join("\n") });
    const detail = `${place.join(".")} became ${replacement.text.slice(0, 60)}`;
    return { respond, mayLie: replacement.mayLie ?? false, detail };
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

type Place = readonly string[];

/** The way to a value: often one near the root, as most are far from it. */
function randomPlace(root: unknown, random: Random): Place {
  const place: string[] = [];
  let value = root;
  while (typeof value === "object" && value !== null && !random.oneIn(5)) {
    const members = Object.entries(value);
    if (members.length === 0) break;
    const [name, member] = random.pick(members) as [string, unknown];
    place.push(name);
    value = member;
  }
  return place;
}

function valueAt(root: unknown, place: Place): unknown {
  return place.reduce((value, name) => (value as Record<string, unknown>)[name], root);
}

function replaced(root: unknown, place: Place, text: string): string {
  const marker = "the value that is replaced";
  const last = place.at(-1);
  if (last === undefined) return text;
  (valueAt(root, place.slice(0, -1)) as Record<string, unknown>)[last] = marker;
  return JSON.stringify(root).replace(`"${marker}"`, () => text);
}
