/** A history whose rows are generated on demand, so that a run may have any number of them. */
export interface GeneratedHistory {
  /** The greatest step that has a row. */
  readonly lastStep: number;
  /** The names of all metrics, whose values are numbers. */
  readonly keys: readonly string[];
  /** The row of a step as JSON text, or undefined if it has none. */
  readonly line: (step: number) => string | undefined;
}
