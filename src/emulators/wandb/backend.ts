import type { WandbFaults } from "./faults.ts";
import type { WandbWorkspace } from "./workspace.ts";

/** What was sent so far, for assertions. */
export interface WandbCounters {
  /** Runs in listings. */
  runs: number;
  /** Rows of histories. */
  historyRows: number;
  /** Requests that got a 429 from `traps.rateLimit`. */
  refused: number;
  /** The most requests that were in the service at the same time. */
  maxInFlight: number;
}

/** What an answer is made from. */
export interface WandbBackend {
  readonly workspace: WandbWorkspace;
  readonly faults: WandbFaults;
  readonly counters: WandbCounters;
  /** The chance in samples: not the workspace's own, so that reading leaves no trace in it. */
  readonly random: () => number;
}
