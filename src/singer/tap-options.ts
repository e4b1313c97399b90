import type { Log } from "../core/log.ts";
import type { SelectedStream } from "./catalog.ts";
import type { LineOutput } from "./line-output.ts";
import type { TapState } from "./tap-state.ts";

/** What a tap reads, and where it writes. */
export interface TapOptions {
  readonly selected: readonly SelectedStream[];
  readonly state: TapState;
  /** The name and identity of the source, so that a target never mixes two. */
  readonly identity: string;
  readonly output: LineOutput;
  /** Receives Singer's metric lines. */
  readonly writeMetric: (line: string) => void;
  readonly startedAt: Date;
  readonly allowMassDeletion?: boolean;
  readonly log: Log;
  readonly signal: AbortSignal;
}
