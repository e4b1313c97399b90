/** Rows that are made when they are asked for, so that a run may have any number of them. */
export interface GeneratedHistory {
  /** The greatest step that has a row. */
  readonly lastStep: number;
  /** All metrics, which are numbers. */
  readonly keys: readonly string[];
  /** The row of a step as JSON text; undefined where a step has none. */
  readonly line: (step: number) => string | undefined;
}
