import { isDeepStrictEqual } from "node:util";

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
