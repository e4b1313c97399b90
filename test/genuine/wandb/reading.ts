import { isDeepStrictEqual } from "node:util";

/** What was read, by the SDK or by rivulet, with values as `parseExact` returns them. */
export interface Reading {
  /** The value of each field of a run, by `project/run/field`. */
  readonly fields: ReadonlyMap<string, unknown>;
  /** The value of each cell of a history, by `project/run/step/metric`. */
  readonly cells: ReadonlyMap<string, unknown>;
}

/** The time of each row is a cell of its own. */
export const timeCell = "_timestamp";

/** What is not the same in two maps, as `key: value in one, value in the other`. */
export function differences(
  one: ReadonlyMap<string, unknown>,
  other: ReadonlyMap<string, unknown>,
): readonly string[] {
  const keys = new Set([...one.keys(), ...other.keys()]);
  return [...keys].flatMap((key) => {
    const [a, b] = [one.get(key), other.get(key)];
    return isDeepStrictEqual(a, b) ? [] : [`${key}: ${JSON.stringify(a)}, ${JSON.stringify(b)}`];
  });
}
