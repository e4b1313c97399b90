/** One line of the table. */
export interface Figure {
  readonly scenario: string;
  readonly measured: string;
  /** What the measured is held against, found in the same run. */
  readonly floor: string;
  /** Measured to floor; absent where the two are not of a kind. */
  readonly ratio?: number;
  readonly aim: string;
  readonly met: boolean;
  /** What the figure is made of: shown where the aim is not met. */
  readonly timeGoes?: string;
  /** What else was measured, for the file. */
  readonly detail?: Readonly<Record<string, number>>;
}

export interface BenchContext {
  /** Sizes that are done in seconds, for continuous integration. Their figures say little. */
  readonly short: boolean;
  /** A folder for files, emptied after the scenario. */
  readonly folder: string;
  /** The URL of a Postgres server, which is started when it is first asked for. */
  readonly postgres: () => Promise<string>;
}

/** Something that is measured. */
export interface Scenario {
  readonly name: string;
  /** Its figures, each as soon as it is known. */
  run(context: BenchContext): AsyncIterable<Figure>;
}

/** `12,345 rows/s`. */
export function rate(rows: number, seconds: number, unit = "rows"): string {
  return `${whole(rows / seconds)} ${unit}/s`;
}

/** A whole number with separators. */
export function whole(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}
