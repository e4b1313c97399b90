import { inspect } from "node:util";
import { ExactNumber } from "./exact-number.ts";
import { ValueError } from "./value-error.ts";

/** An object or array whose members are being written. */
interface OpenContainer {
  readonly container: object;
  readonly members: readonly (readonly [name: string | undefined, value: unknown])[];
  readonly end: "]" | "}";
  written: number;
}

/**
 * The JSON text of a value, with all digits of its numbers: bigints and ExactNumbers are numbers,
 * too. An object with `toJSON`, such as a date, is what that returns.
 *
 * @throws ValueError if JSON cannot hold the value, or something in it
 */
export function jsonText(value: unknown): string {
  const pieces: string[] = [];
  const open: OpenContainer[] = [];
  const around = new Set<object>();
  const write = (given: unknown): void => {
    const held = jsonValue(given);
    const scalar = scalarText(held);
    if (scalar !== undefined) {
      pieces.push(scalar);
      return;
    }
    const container = openContainer(held);
    if (around.has(container.container)) throw noJson("an object that contains itself");
    around.add(container.container);
    open.push(container);
    pieces.push(container.end === "]" ? "[" : "{");
  };
  write(value);
  // Without recursion, because objects may be nested deeper than the stack allows.
  for (let last = open.at(-1); last; last = open.at(-1)) {
    const member = last.members[last.written];
    if (!member) {
      pieces.push(last.end);
      around.delete(last.container);
      open.pop();
      continue;
    }
    const [name, inner] = member;
    if (last.written > 0) pieces.push(",");
    if (name !== undefined) pieces.push(`${JSON.stringify(name)}:`);
    last.written += 1;
    write(inner);
  }
  return pieces.join("");
}

/** The JSON text of any value, for people: what JSON cannot hold is described in a string. */
export function describedJson(value: unknown): string {
  try {
    return jsonText(value);
  } catch {
    return JSON.stringify(
      inspect(value, { depth: 20, maxArrayLength: null, maxStringLength: null }),
    );
  }
}

/** What a value is in JSON, by its `toJSON`. */
function jsonValue(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof ExactNumber || value instanceof Uint8Array) return value;
  if (!hasJson(value)) return value;
  const held = value.toJSON();
  // An invalid date becomes null, which would be another value.
  if (held == null) throw noJson("an object without a value");
  return held;
}

function hasJson(value: object): value is { readonly toJSON: () => unknown } {
  return "toJSON" in value && typeof value.toJSON === "function";
}

/** Undefined for an object or array. */
function scalarText(value: unknown): string | undefined {
  if (value === null) return "null";
  if (value instanceof ExactNumber) return value.text;
  if (value instanceof Uint8Array) throw noJson("bytes");
  if (typeof value === "object") return undefined;
  if (typeof value === "string" || typeof value === "boolean") return JSON.stringify(value);
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "number" && Number.isFinite(value))
    return Object.is(value, -0) ? "-0" : String(value);
  throw noJson(typeof value === "number" ? String(value) : kindOf(value));
}

function kindOf(value: unknown): string {
  return value === undefined ? "undefined" : `a ${typeof value}`;
}

function openContainer(value: unknown): OpenContainer {
  if (Array.isArray(value)) {
    const members = Array.from(value, (item: unknown) => [undefined, item] as const);
    return { container: value, members, end: "]", written: 0 };
  }
  const container = value as object;
  const prototype: unknown = Object.getPrototypeOf(container);
  // The members of any other class, such as Map, need not be what it holds.
  if (prototype !== null && prototype !== Object.prototype) throw noJson(classOf(container));
  return { container, members: Object.entries(container), end: "}", written: 0 };
}

function classOf({ constructor }: object): string {
  return `an object of the class ${constructor.name}`;
}

function noJson(what: string): ValueError {
  return new ValueError(`expected JSON, got ${what}`);
}
