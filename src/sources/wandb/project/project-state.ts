import { z } from "zod";
import type { Checkpoint } from "../../../core/source.ts";

/** What a stream has saved about a project, besides its ledger. */
export interface ProjectState {
  /** What the listing depends on. */
  readonly scope: string;
  /** How many runs the last listing had that was believed. */
  readonly believed: number;
  /** How many runs the service counted and did not show. */
  readonly hidden: number;
  /** When all runs were last read whether or not they had changed, as ISO 8601. */
  readonly rescanned: string | undefined;
  /** The latest change of any run that was read, for information. */
  readonly highWaterMark: string | undefined;
}

const shape = z.object({
  scope: z.string(),
  believed: z.int(),
  hidden: z.int().default(0),
  rescanned: z.string().optional(),
  runs_hwm_utc: z.string().optional(),
});

/** The state in a checkpoint; undefined if there is none, or it was saved by another version. */
export function parseProjectState(checkpoint: Checkpoint | undefined): ProjectState | undefined {
  const found = shape.safeParse(checkpoint).data;
  if (!found) return undefined;
  const { runs_hwm_utc: highWaterMark, rescanned, ...state } = found;
  return { ...state, rescanned, highWaterMark };
}

/** The checkpoint of a state. Equal states give equal checkpoints. */
export function projectCheckpoint(state: ProjectState): Checkpoint {
  const { scope, believed, hidden, rescanned, highWaterMark } = state;
  return {
    scope,
    believed,
    ...(hidden > 0 ? { hidden } : {}),
    ...(rescanned === undefined ? {} : { rescanned }),
    ...(highWaterMark === undefined ? {} : { runs_hwm_utc: highWaterMark }),
  };
}
