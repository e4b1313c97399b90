import { z } from "zod";

const shape = z.object({
  CHAOS_ROUNDS: z.coerce.number().int().min(1).optional(),
  CHAOS_SEED: z.coerce.number().int().min(0).default(1),
  CHAOS_ONLY: z.string().default(""),
  CHAOS_DESTINATION: z.enum(["sqlite", "postgres"]).optional(),
  CHAOS_PATH: z.string().optional(),
});

/** What to run. */
export interface ChaosSettings {
  /** Whether `npm run chaos` was called rather than the test suite. */
  readonly isChaosCommand: boolean;
  readonly rounds: number;
  /** Number of random histories. */
  readonly histories: number;
  /** Seed of the first round; each further round adds one. */
  readonly seed: number;
  /** Only disturbances whose names contain this. */
  readonly only: string;
  /** Absent: all. */
  readonly destination: "sqlite" | "postgres" | undefined;
  /** fast-check's path to a single history, from the message of a failure. */
  readonly path: string | undefined;
}

/** The options of `npm run chaos`; in the test suite, a few rounds that are always the same. */
export function chaosSettings(): ChaosSettings {
  const environment = shape.parse(process.env);
  const { CHAOS_ROUNDS: rounds, CHAOS_ONLY: only } = environment;
  return {
    isChaosCommand: rounds !== undefined,
    rounds: rounds ?? 4,
    histories: rounds === undefined ? 2 : only === "" ? Math.ceil(rounds / 4) : 0,
    seed: environment.CHAOS_SEED,
    only,
    destination: environment.CHAOS_DESTINATION,
    path: environment.CHAOS_PATH,
  };
}
