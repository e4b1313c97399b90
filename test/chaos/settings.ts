import { z } from "zod";

const shape = z.object({
  CHAOS_ROUNDS: z.coerce.number().int().min(1).optional(),
  CHAOS_SEED: z.coerce.number().int().min(0).default(1),
  CHAOS_ONLY: z.string().default(""),
  CHAOS_DESTINATION: z.enum(["sqlite", "postgres"]).optional(),
  CHAOS_PATH: z.string().optional(),
});

export interface ChaosSettings {
  /** Whether somebody asked for chaos, rather than for all tests. */
  readonly isLong: boolean;
  readonly rounds: number;
  /** How many histories the property is tried with. */
  readonly histories: number;
  /** Of the first round; the next one has one more. */
  readonly seed: number;
  readonly only: string;
  /** Absent: all. */
  readonly destination: "sqlite" | "postgres" | undefined;
  /** The place of a single history, as fast-check told it. */
  readonly path: string | undefined;
}

/** What `npm run chaos` was told, and else what is enough for `npm test`, where it is always the same rounds. */
export function chaosSettings(): ChaosSettings {
  const given = shape.parse(process.env);
  const { CHAOS_ROUNDS: rounds, CHAOS_ONLY: only } = given;
  return {
    isLong: rounds !== undefined,
    rounds: rounds ?? 4,
    histories: rounds === undefined ? 2 : only === "" ? Math.ceil(rounds / 4) : 0,
    seed: given.CHAOS_SEED,
    only,
    destination: given.CHAOS_DESTINATION,
    path: given.CHAOS_PATH,
  };
}
