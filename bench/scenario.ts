/** One measurement: a line of the table. */
export interface Figure {
  readonly scenario: string;
  readonly measured: string;
  /** What the measurement is compared with, from the same run. */
  readonly floor: string;
  /** Measured value to floor; absent if the two are not comparable. */
  readonly ratio?: number;
  readonly aims: readonly Aim[];
  /** What time or memory was used for in this run. Printed if an aim is missed. */
  readonly explanation: string;
  /** Other measurements, for the results file only. */
  readonly detail?: Readonly<Record<string, number>>;
}

interface Aim {
  readonly aim: string;
  readonly met: boolean;
}

/** What a scenario gets. */
export interface BenchContext {
  /** Use small sizes that take seconds, for continuous integration. Their figures mean little. */
  readonly short: boolean;
  /** A folder for temporary files, deleted after the scenario. */
  readonly folder: string;
  /** The URL of a Postgres server, which starts on first use. */
  readonly postgres: () => Promise<string>;
}

/** A benchmark. */
export interface Scenario {
  /** Also the name of its file. */
  readonly name: string;
  /** Yields each figure as soon as it is measured. */
  run(context: BenchContext): AsyncIterable<Figure>;
}

/** The aim of a value below a limit. */
export function under(limit: number, value: number, unit = ""): Aim {
  return { aim: `under ${formatQuantity(limit, unit)}`, met: value < limit };
}

/** The aim of a value not above a limit. */
export function atMost(limit: number, value: number, unit = ""): Aim {
  return { aim: `at most ${formatQuantity(limit, unit)}`, met: value <= limit };
}

/** The aim of a value not below a limit. */
export function atLeast(limit: number, value: number, unit = ""): Aim {
  return { aim: `at least ${formatQuantity(limit, unit)}`, met: value >= limit };
}

/** Formats a rate as `12,345 rows/s`. */
export function formatRate(rows: number, seconds: number, unit = "rows"): string {
  return `${formatInteger(rows / seconds)} ${unit}/s`;
}

/** Rounds and formats with thousands separators. */
export function formatInteger(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

function formatQuantity(value: number, unit: string): string {
  return `${value.toLocaleString("en-US")} ${unit}`.trimEnd();
}
