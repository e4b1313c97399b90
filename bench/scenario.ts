/** One line of the table. */
export interface Figure {
  readonly scenario: string;
  readonly measured: string;
  /** What the measured is held against, found in the same run. */
  readonly floor: string;
  /** Measured to floor; absent where the two are not of a kind. */
  readonly ratio?: number;
  readonly aims: readonly Aim[];
  /** What the time, or the memory, was used for in this run: shown where an aim is missed. */
  readonly goes: string;
  /** What else was measured, for the file. */
  readonly detail?: Readonly<Record<string, number>>;
}

export interface Aim {
  readonly aim: string;
  readonly met: boolean;
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
  /** Also the name of its file. */
  readonly name: string;
  /** Its figures, each as soon as it is known. */
  run(context: BenchContext): AsyncIterable<Figure>;
}

/** The aim that a value is below another. */
export function under(limit: number, value: number, unit = ""): Aim {
  return { aim: `under ${formatQuantity(limit, unit)}`, met: value < limit };
}

export function atMost(limit: number, value: number, unit = ""): Aim {
  return { aim: `at most ${formatQuantity(limit, unit)}`, met: value <= limit };
}

export function atLeast(limit: number, value: number, unit = ""): Aim {
  return { aim: `at least ${formatQuantity(limit, unit)}`, met: value >= limit };
}

/** `12,345 rows/s`. */
export function formatRate(rows: number, seconds: number, unit = "rows"): string {
  return `${formatInteger(rows / seconds)} ${unit}/s`;
}

/** A whole number with separators. */
export function formatInteger(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

function formatQuantity(value: number, unit: string): string {
  return `${value.toLocaleString("en-US")} ${unit}`.trimEnd();
}
