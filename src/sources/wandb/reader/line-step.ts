import { members, unquote } from "../../../json/text-scanner.ts";
import { toExactInteger } from "../../../json/json-number.ts";
import { parsePythonJson } from "../../../json/python-json.ts";

/** A step: a number, or a bigint if a number would round it. */
export type Step = number | bigint;

/** Past the last step that a number holds exactly. */
export const endOfSafeSteps = BigInt(Number.MAX_SAFE_INTEGER);

/** The last step of 64 bits: as the end of a window, all that follows. */
export const endOfSteps = 2n ** 63n - 1n;

/** A whole number as a step. */
export function toStep(value: bigint): Step {
  const isSafe = value <= endOfSafeSteps && value >= -endOfSafeSteps;
  return isSafe ? Number(value) : value;
}

/** A step for JSON; one that a number would round becomes text. */
export function formatStep(value: bigint): number | string {
  const step = toStep(value);
  return typeof step === "number" ? step : step.toString();
}

/** The step in the JSON text of a `_step`; undefined if it is not a whole number of 64 bits. */
export function parseStepText(slice: string): Step | undefined {
  const step = toExactInteger(slice.startsWith('"') ? unquote(slice) : slice);
  return step === undefined || step > endOfSteps || step < -endOfSteps ? undefined : toStep(step);
}

/** How far off a number may be that stands for a step of 64 bits. */
const maxRounding = 2n ** 10n;

/**
 * The last step of a run as the service says it; undefined if it does not. One that was rounded is
 * taken for the greatest that it may have been.
 */
export function toLastStep(value: unknown): bigint | undefined {
  if (typeof value === "string") return toExactInteger(value);
  if (typeof value !== "number" || !Number.isInteger(value)) return undefined;
  const step = BigInt(value);
  if (Number.isSafeInteger(value)) return step;
  const greatest = step + maxRounding;
  return greatest < endOfSteps ? greatest : endOfSteps;
}

const member = '"_step":';

/** The step of a line; undefined if it has none. */
export function stepOf(line: string): Step | undefined {
  return quickStepOf(line) ?? parseStep(line);
}

/**
 * The step of a line, without parsing all of it: in nearly every line, `_step` comes before
 * anything nested, and once. Undefined if that is not sure.
 */
function quickStepOf(line: string): number | undefined {
  const at = line.indexOf(member);
  if (at <= 0 || line.lastIndexOf("{", at) !== 0 || line.charAt(at - 1) === "\\") return undefined;
  if (line.includes("_step", at + member.length)) return undefined;
  return readDigits(line, at + member.length);
}

const space = 32;
const comma = 44;
const zero = 48;
const nine = 57;
const closeBrace = 125;

/** The whole number at an offset. A minus, a fraction or many digits are left to the parser. */
function readDigits(line: string, start: number): number | undefined {
  const first = line.charCodeAt(start) === space ? start + 1 : start;
  let at = first;
  let value = 0;
  let code = line.charCodeAt(at);
  for (; code >= zero && code <= nine; code = line.charCodeAt(++at))
    value = value * 10 + code - zero;
  const isWhole = at > first && at - first < 16 && (code === comma || code === closeBrace);
  return isWhole ? value : undefined;
}

function parseStep(line: string): Step | undefined {
  const parsed = parsePythonJson(line);
  const slice = parsed && members(parsed.text)?.get("_step");
  return slice === undefined ? undefined : parseStepText(slice);
}
