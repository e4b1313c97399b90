/** A run as a listing shows it. Instants are fixed-width UTC text: text order is time order. */
export interface ListedRun {
  readonly id: string;
  /** When it was created, which never changes. */
  readonly created: string;
  /** Its latest sign of life: its heartbeat, or over REST its last update. */
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

/** Runs by their creation: `from` inclusive, `below` exclusive; an absent end is open. */
export interface RunRange {
  readonly from?: string;
  readonly below?: string;
}

/** Which runs to show, of those that match the configured filters. */
export interface RunQuestion extends RunRange {
  /** Only runs with these ids. */
  readonly named?: readonly string[];
  /** No runs with these ids. */
  readonly notNamed?: readonly string[];
  /** How many to show; by default as many as the service can. */
  readonly first?: number;
  /** The cursor of an answer to the same question. */
  readonly after?: string;
  /** Ranges whose runs the same answer counts. */
  readonly counts?: readonly RunRange[];
  /** Whether the same answer also shows the newest run. */
  readonly newest?: boolean;
}

/** An answer: all of it is from one moment. */
export interface RunAnswer {
  /** In ascending order of creation, if the service honours the order. */
  readonly runs: readonly ListedRun[];
  readonly hasNext: boolean;
  readonly cursor: string | undefined;
  /** The requested counts; undefined if the service does not count. */
  readonly counts: readonly number[] | undefined;
  /** When the newest run was created. */
  readonly newest: string | undefined;
}

/** Answers questions about the runs of one project. */
export interface RunService {
  ask(question: RunQuestion): Promise<RunAnswer>;
}

/** Why a listing cannot be proven to be complete. */
export class UnprovenError extends Error {
  override readonly name = "UnprovenError";
}
