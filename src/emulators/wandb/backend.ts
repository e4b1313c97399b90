import type { WandbFaults } from "./faults.ts";
import type { WandbWorkspace } from "./workspace.ts";

/** What the emulator has received and sent so far, for assertions in tests. */
export interface WandbCounters {
  /** Requests of any kind. */
  requests: number;
  /** GraphQL requests by the name of their operation, which is empty if they have none. */
  readonly operations: Map<string, OperationCounter>;
  /** Runs sent in listings. */
  runs: number;
  /** History rows sent. */
  historyRows: number;
  /** Requests rejected with 429 by `faults.rateLimit`. */
  refused: number;
  /** The maximum number of requests in progress at the same time. */
  maxInFlight: number;
}

/** How often an operation was requested. */
interface OperationCounter {
  requests: number;
  /** The single runs that these requests asked for, each alias being one. */
  singleRuns: number;
}

/** Counters at zero. */
export function newCounters(): WandbCounters {
  const operations = new Map<string, OperationCounter>();
  return { requests: 0, operations, runs: 0, historyRows: 0, refused: 0, maxInFlight: 0 };
}

/** The counter of an operation, added if it is new. */
export function operationCounter({ operations }: WandbCounters, name: string): OperationCounter {
  const counter = operations.get(name) ?? { requests: 0, singleRuns: 0 };
  operations.set(name, counter);
  return counter;
}

/** Everything that responses are built from. */
export interface WandbBackend {
  readonly workspace: WandbWorkspace;
  readonly faults: WandbFaults;
  readonly counters: WandbCounters;
  /**
   * Randomness for samples and orders. Separate from the workspace's, so that reads do not change
   * what is written.
   */
  readonly random: () => number;
}
