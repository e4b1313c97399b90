import { z } from "zod";
import type { Checkpoint } from "../../../core/source.ts";
import { positionShape, type HistoryPosition } from "../reader/history-position.ts";

/** A history that is being read: the run's own checkpoint until it has an entry in the ledger. */
export interface OpenHistory {
  readonly position: HistoryPosition | undefined;
  /** The run's `activity` when the read began. */
  readonly activity: string;
  /** What its rows depend on, as a digest: under another scope, it is read from the start. */
  readonly scope: string;
  /** Lines and values before the position that could not be stored. */
  readonly rejected: number;
  /** Whether the last sync could not read it. */
  readonly failed: boolean;
}

const shape = z.object({
  activity: z.string(),
  scope: z.string(),
  rejected: z.int().default(0),
  failed: z.boolean().default(false),
});

/** Parses a run's own checkpoint; undefined if another version wrote it. */
export function parseOpenHistory(checkpoint: Checkpoint | undefined): OpenHistory | undefined {
  const found = shape.safeParse(checkpoint).data;
  return found && { ...found, position: positionShape.safeParse(checkpoint).data };
}

/** The run's own checkpoint. */
export function openCheckpoint({ position, rejected, failed, ...open }: OpenHistory): Checkpoint {
  return {
    ...position,
    ...open,
    ...(rejected > 0 ? { rejected } : {}),
    ...(failed ? { failed } : {}),
  };
}
