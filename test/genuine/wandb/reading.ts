/** What was read, by the SDK or by rivulet, with values as `parseExact` returns them. */
export interface Reading {
  /** The value of each field of a run, by `project/run/field`. */
  readonly fields: ReadonlyMap<string, unknown>;
  /** The value of each cell of a history, by `project/run/step/metric`. */
  readonly cells: ReadonlyMap<string, unknown>;
}

/** The time of each row is a cell of its own. */
export const timeCell = "_timestamp";
