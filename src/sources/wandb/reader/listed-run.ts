import type { ListedItem } from "../../../engine/listing/listing-service.ts";

/** Marks a running run, which the service may declare crashed: no heartbeat shows that. */
export const runningMark = "+";

/** A run as a listing shows it. */
export interface ListedRun extends ListedItem {
  /** When it last changed in any way, in milliseconds since 1970; undefined if unknown. */
  readonly lastChange: number | undefined;
  readonly isRunning: boolean;
  /** How many lines its history has, if the service says so. */
  readonly lineCount: number | undefined;
  /**
   * A digest of all fields of the listing, after `runningMark` if the run is running: equal if its
   * row is unchanged.
   */
  readonly fields: string;
  /** A digest of the fields that its history depends on. */
  readonly activity: string;
  /** It changed just before the answer, so more changes may carry the same timestamps. */
  readonly isSettling: boolean;
}
