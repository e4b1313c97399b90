import type { EndedProgram } from "../support/program.ts";
import type { ChaosRun } from "./chaos-run.ts";
import type { ServiceFaultName } from "./service.ts";
import type { Storage } from "./storage.ts";

/** How a run of the program ended, from its exit status or signal. */
export type Outcome =
  "completed" | "failed" | "config error" | "partial" | "locked" | "interrupted" | "killed";

/** Something that goes wrong in one run of the program, on one kind of database or on any. */
export interface Disturbance<Where extends Storage = Storage> {
  readonly name: string;
  /** The correct outcomes when it happens. */
  readonly outcomes: readonly Outcome[];
  /** The fault that the service must support. */
  readonly requiredFault?: ServiceFaultName;
  /** Why it cannot be tried on this machine; undefined if it can. */
  readonly obstacle?: () => string | undefined;
  /** Whether it takes half a minute. */
  readonly slow?: boolean;
  disturb(run: ChaosRun<Where>): Promise<EndedProgram>;
}

/** Returns the outcome of a run. Throws if the program ended as it never should. */
export function outcomeOf({ status, signal, stderr }: EndedProgram): Outcome {
  if (signal === "SIGKILL") return "killed";
  const outcome = status === null ? undefined : outcomes[status];
  if (outcome) return outcome;
  throw new Error(`it ended with status ${String(status)}, signal ${String(signal)}: ${stderr}`);
}

const outcomes: Readonly<Partial<Record<number, Outcome>>> = {
  0: "completed",
  1: "failed",
  2: "config error",
  3: "partial",
  75: "locked",
  130: "interrupted",
  143: "interrupted",
};
