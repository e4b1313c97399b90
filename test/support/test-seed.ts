import { randomInt } from "node:crypto";
import { Random } from "./random.ts";

/** What decides a test's chance. It stands in the test's title, and `TEST_SEED` repeats it. */
export const testSeed: number = Number(process.env["TEST_SEED"] ?? randomInt(2 ** 30));

/** Fresh chance from the seed of this run. */
export function seededRandom(): Random {
  return new Random(testSeed);
}
