import { randomInt } from "node:crypto";
import { Random } from "./random.ts";

/** Seed of the random choices in tests, shown in their titles. `TEST_SEED` repeats a run. */
export const testSeed: number = Number(process.env["TEST_SEED"] ?? randomInt(2 ** 30));

/** A new generator with the seed of this run. */
export function newTestRandom(): Random {
  return new Random(testSeed);
}
