import { endOfString, endOfValue, skipSpace } from "../../../json/text-scanner.ts";

/** Returns what a wrapper of this name stands for; undefined if it is none. */
type Unwrap = (name: string, value: string) => string | undefined;

/**
 * Removes the wrappers in which the database viewer sends types that JSON lacks: `{"$date":"…"}`
 * becomes its text, `{"$numberLong":"1"}` its number, as the other endpoints send them. `json` must
 * be valid JSON.
 *
 * @see https://www.mongodb.com/docs/manual/reference/mongodb-extended-json/
 */
export function unwrapEjson(json: string): string {
  if (!json.includes('"$')) return json;
  return replaceWrappers(replaceWrappers(json, unwrapNumber), unwrapText);
}

const numberNames = ["numberInt", "numberLong", "numberDouble", "numberDecimal"];
const textNames = ["date", "oid", "numberDouble", "numberDecimal"];

function unwrapNumber(name: string, value: string): string | undefined {
  if (!numberNames.includes(name)) return undefined;
  return /^"(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)"$/.exec(value)?.[1];
}

function unwrapText(name: string, value: string): string | undefined {
  const isText = value.startsWith('"') || /^-?\d+$/.test(value);
  return isText && textNames.includes(name) ? value.replace(wholeSecond, '$1.000Z"') : undefined;
}

/** EJSON omits the milliseconds if they are 0; the other endpoints do not. */
const wholeSecond = /^("\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)Z"$/;

/** In one pass over the text: an expression for whole strings overflows the stack on long ones. */
function replaceWrappers(json: string, unwrap: Unwrap): string {
  const parts: string[] = [];
  const next = /["{]/g;
  let copied = 0;
  for (let found = next.exec(json); found; found = next.exec(json)) {
    const at = found.index;
    const wrapper = json[at] === "{" ? wrapperAt(json, at) : undefined;
    const text = wrapper && unwrap(wrapper.name, wrapper.value);
    if (wrapper && text !== undefined) {
      parts.push(json.slice(copied, at), text);
      copied = next.lastIndex = wrapper.end;
    } else if (json[at] === '"') next.lastIndex = endOfString(json, at);
  }
  return parts.join("") + json.slice(copied);
}

interface Wrapper {
  readonly name: string;
  readonly value: string;
  readonly end: number;
}

/** The object at this offset, if its only member has a name like `$date` and a scalar value. */
function wrapperAt(json: string, at: number): Wrapper | undefined {
  const opening = /\{\s*"\$(\w{1,20})"\s*:\s*(?=["\d-])/y;
  opening.lastIndex = at;
  const [match, name = ""] = opening.exec(json) ?? [];
  if (match === undefined) return undefined;
  const start = at + match.length;
  const end = endOfValue(json, start);
  const close = skipSpace(json, end);
  return json[close] === "}" ? { name, value: json.slice(start, end), end: close + 1 } : undefined;
}
