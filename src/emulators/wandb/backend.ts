import type { WandbFaults } from "./faults.ts";
import type { WandbWorkspace } from "./workspace.ts";

/** What the emulator has sent so far, for assertions in tests. */
export interface WandbCounters {
  /** Runs sent in listings. */
  runs: number;
  /** History rows sent. */
  historyRows: number;
  /** Requests rejected with 429 by `faults.rateLimit`. */
  refused: number;
  /** The maximum number of requests in progress at the same time. */
  maxInFlight: number;
}

/** Everything that responses are built from. */
export interface WandbBackend {
  readonly workspace: WandbWorkspace;
  readonly faults: WandbFaults;
  readonly counters: WandbCounters;
  /**
   * Randomness for samples. Separate from the workspace's, so that reads do not change what is
   * written.
   */
  readonly random: () => number;
}
