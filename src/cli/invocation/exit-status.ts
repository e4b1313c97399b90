import { ConfigError, LockedError } from "../../core/errors.ts";
import type { SyncStatus } from "../../core/destination.ts";

/** What the process ends with; cron and shells act on it. */
export const exitStatus = {
  completed: 0,
  failed: 1,
  configError: 2,
  partial: 3,
  locked: 75,
} as const;

/** Thrown by the signal that ended the program. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
  readonly signal: "SIGINT" | "SIGTERM";

  constructor(signal: "SIGINT" | "SIGTERM") {
    super(`interrupted by ${signal}; what was read is saved, the next sync goes on from there`);
    this.signal = signal;
  }
}

/** The exit status that an error stands for. */
export function exitStatusOfError(error: unknown): number {
  if (error instanceof ConfigError) return exitStatus.configError;
  if (error instanceof LockedError) return exitStatus.locked;
  if (error instanceof Interrupted) return error.signal === "SIGINT" ? 130 : 143;
  return exitStatus.failed;
}

/** The exit status of a sync that came to its end. */
export function exitStatusOfSync(status: SyncStatus): number {
  const statuses = {
    completed: exitStatus.completed,
    partial: exitStatus.partial,
    failed: exitStatus.failed,
    interrupted: exitStatus.failed,
  } as const satisfies Record<SyncStatus, number>;
  return statuses[status];
}
