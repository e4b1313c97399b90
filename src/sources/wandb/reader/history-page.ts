import { toInt64 } from "../../../json/int64.ts";
import type { HistoryPosition } from "./history-position.ts";
import type { Step } from "./line-step.ts";

/** The run of a history. */
export interface HistoryRun {
  readonly id: string;
  /** How many lines there are, if the service has counted them. */
  readonly lineCount: number | undefined;
}

/** Where to start in a history, and how hard to try. */
export interface HistoryOptions {
  /** The position of the last page that an earlier sync saved; undefined: the start. */
  readonly position: HistoryPosition | undefined;
  /**
   * For a run that failed in the last sync: each request is sent once, and together they may take
   * half a minute until the first one succeeds.
   */
  readonly singleAttempt: boolean;
}

/** Steps, `from` inclusive, `below` exclusive; without limits where these are missing. */
interface StepRange {
  readonly from?: Step;
  readonly below?: Step;
}

/** A page of a run's history. */
export interface HistoryPage {
  /**
   * Each a JSON object exactly as the service sent it, in the order of the steps. All lines of a
   * step are in the same page.
   */
  readonly lines: readonly string[];
  readonly bytes: number;
  readonly held?: Disposable | undefined;
  /** The steps that the page contains completely. Any other row of these steps was deleted. */
  readonly completeSteps?: StepRange | undefined;
  /** Where to go on after this page; undefined: at the start. */
  readonly position: HistoryPosition | undefined;
  /** Only with the last page. */
  readonly end?: HistoryEnd;
}

/** How a history ended: `vanished` if the run was deleted. */
export type HistoryEnd =
  | "vanished"
  | {
      /** Lines of the whole history, including those read by earlier syncs. */
      readonly rows: number;
      /** Whether all of them were read now, from the first step on. */
      readonly isWhole: boolean;
      /** A digest of all lines, however they were paged; undefined unless `isWhole`. */
      readonly digest: string | undefined;
      /** How many lines there are according to the last response, if it says so. */
      readonly lineCount: number | undefined;
    };

/** The steps of a page. What begins with step 0 includes negative ones. */
export function stepRange(from: bigint, below?: bigint): StepRange {
  return {
    ...(from > 0n ? { from: toInt64(from) } : {}),
    ...(below === undefined ? {} : { below: toInt64(below) }),
  };
}
