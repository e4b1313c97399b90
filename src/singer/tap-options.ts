import type { Log } from "../core/log.ts";
import type { SelectedStream } from "./catalog.ts";
import type { LineOutput } from "./line-output.ts";
import type { TapState } from "./tap-state.ts";

export interface TapOptions {
  readonly selected: readonly SelectedStream[];
  readonly state: TapState;
  /** What is copied, so that a target never mixes two. */
  readonly identity: string;
  readonly output: LineOutput;
  /** Is given the metric lines of Singer. */
  readonly writeMetric: (line: string) => void;
  readonly startedAt: Date;
  readonly log: Log;
  readonly signal: AbortSignal;
}
