import { z } from "zod";

const shape = z.object({
  FUZZ_ANSWERS: z.coerce.number().int().min(1).optional(),
  FUZZ_SEED: z.coerce.number().int().min(0).optional(),
  FUZZ_SOURCE: z.string().default(""),
});

/** What to run. */
export interface FuzzSettings {
  /** Whether `npm run fuzz` was called rather than the test suite. */
  readonly isFuzzCommand: boolean;
  /** How many garbled answers each source gets, at least. */
  readonly answers: number;
  /** Seed of the first scenario; each further one adds one. */
  readonly seed: number;
  /** Only the source of this name. */
  readonly source: string;
}

/** The options of `npm run fuzz`; in the test suite, some answers that are always the same. */
export function fuzzSettings(): FuzzSettings {
  const { FUZZ_ANSWERS: answers, FUZZ_SEED: seed, FUZZ_SOURCE: source } = shape.parse(process.env);
  return {
    isFuzzCommand: answers !== undefined,
    answers: answers ?? 200,
    seed: seed ?? 1,
    source,
  };
}
