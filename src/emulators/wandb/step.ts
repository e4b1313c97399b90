/** A step of a history: an integer of 64 bits, a bigint only where a number would not be exact. */
export type Step = number | bigint;

/** Reads a step from a number, a bigint or decimal text; undefined if it is none. */
export function toStep(value: unknown): Step | undefined {
  if (typeof value === "number") return Number.isInteger(value) ? exact(BigInt(value)) : undefined;
  if (typeof value === "bigint") return exact(value);
  if (typeof value !== "string") return undefined;
  // The NUL marks a large integer in parsed JSON.
  const [, digits] = /^\0?(-?\d+)$/.exec(value) ?? [];
  return digits === undefined ? undefined : exact(BigInt(digits));
}

/** The step after another one, or Infinity. */
export function stepAfter(step: Step): Step {
  if (step === Infinity || Number.isSafeInteger(Number(step) + 1)) return Number(step) + 1;
  return BigInt(step) + 1n;
}

function exact(step: bigint): Step | undefined {
  if (BigInt.asIntN(64, step) !== step) return undefined;
  const number = Number(step);
  return Number.isSafeInteger(number) ? number : step;
}
