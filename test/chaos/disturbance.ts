import type { EndedProgram } from "../support/program.ts";
import type { Bout } from "./chaos-run.ts";
import type { TrapName } from "./service.ts";
import type { Storage } from "./storage.ts";

/** How a run of the program ended, as its exit status says. */
export type Outcome =
  "completed" | "failed" | "must change" | "partial" | "locked" | "interrupted" | "killed";

/** Something that goes wrong in one run of the program, on one kind of database or on any. */
export interface Disturbance<Where extends Storage = Storage> {
  readonly name: string;
  /** The outcomes that tell the truth about it. */
  readonly outcomes: readonly Outcome[];
  /** What it needs of the service. */
  readonly trap?: TrapName;
  /** Whether it takes half a minute. */
  readonly slow?: boolean;
  disturb(bout: Bout<Where>): Promise<EndedProgram>;
}

/** Names the outcome of a run. Throws where the program ended as it never should. */
export function outcomeOf({ status, signal, stderr }: EndedProgram): Outcome {
  if (signal === "SIGKILL") return "killed";
  const outcome = status === null ? undefined : outcomes[status];
  if (outcome) return outcome;
  throw new Error(`it ended with status ${String(status)}, signal ${String(signal)}: ${stderr}`);
}

const outcomes: Readonly<Partial<Record<number, Outcome>>> = {
  0: "completed",
  1: "failed",
  2: "must change",
  3: "partial",
  75: "locked",
  130: "interrupted",
  143: "interrupted",
};
