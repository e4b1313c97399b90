import type { SyncStatus } from "../../core/destination.ts";
import { ConfigError, LockedError } from "../../core/errors.ts";

/**
 * Exit statuses of the process, for cron and shells. Interruptions end with 130 (SIGINT) or 143
 * (SIGTERM and, because a closed terminal asks for the same, SIGHUP).
 */
export const exitStatus = {
  completed: 0,
  failed: 1,
  configError: 2,
  partial: 3,
  locked: 75,
} as const;

/** The signals that ask the program to stop. SIGHUP: the terminal was closed. */
export const interruptions = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** One of `interruptions`. */
export type Interruption = (typeof interruptions)[number];

/** Why the program was aborted: it received a signal. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
  readonly signal: Interruption;

  constructor(signal: Interruption) {
    super(`interrupted by ${signal}; progress is saved, the next sync resumes from there`);
    this.signal = signal;
  }
}

/** The exit status of a program that ended with this error. */
export function exitStatusOfError(error: unknown): number {
  if (error instanceof ConfigError) return exitStatus.configError;
  if (error instanceof LockedError) return exitStatus.locked;
  if (error instanceof Interrupted) return error.signal === "SIGINT" ? 130 : 143;
  return exitStatus.failed;
}

/** From the worst to the best: an interruption ends everything, and 2 needs a person. */
const worstFirst: readonly number[] = [
  130,
  143,
  exitStatus.configError,
  exitStatus.failed,
  exitStatus.locked,
  exitStatus.partial,
];

/** The exit status of several syncs: the worst of theirs. */
export function exitStatusOfSeveral(statuses: readonly number[]): number {
  return worstFirst.find((status) => statuses.includes(status)) ?? exitStatus.completed;
}

/** How a sync ended, and the errors of the streams that failed. */
interface EndedSync {
  readonly status: SyncStatus;
  readonly failures?: ReadonlyMap<string, Error>;
}

/** The exit status of a sync: of several failures, one that a person must mend comes first. */
export function exitStatusOfSync({ status, failures = new Map() }: EndedSync): number {
  if ([...failures.values()].some((error) => error instanceof ConfigError))
    return exitStatus.configError;
  const statuses = {
    completed: exitStatus.completed,
    partial: exitStatus.partial,
    failed: exitStatus.failed,
    interrupted: exitStatus.failed,
  } as const satisfies Record<SyncStatus, number>;
  return statuses[status];
}
