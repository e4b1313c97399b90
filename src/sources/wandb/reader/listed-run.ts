import type { ListedItem } from "../../../engine/listing/listing-service.ts";

/** A run as a listing shows it. */
export interface ListedRun extends ListedItem {
  /** Its latest sign of life, as fixed-width UTC text: its heartbeat, or over REST its update. */
  readonly lastSeen: string | undefined;
  readonly isRunning: boolean;
  /** How many lines its history has, if the service says so. */
  readonly lineCount: number | undefined;
  /** A digest of all fields of the listing: equal if the run's row is unchanged. */
  readonly fields: string;
  /** A digest of the fields that its history depends on. */
  readonly activity: string;
  /** It changed just before the answer, so more changes may carry the same timestamps. */
  readonly isSettling: boolean;
}
