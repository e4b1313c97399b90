/** What the page of a report draws, as JSON: written by the program, read by `browser/`. */
export interface ReportData {
  readonly title: string;
  /** UTC, ISO 8601. */
  readonly generatedAt: string;
  readonly version: string;
  readonly sources: readonly SourceReport[];
}

/** A source, or whatever else has written to the database. */
export interface SourceReport {
  readonly title: string;
  readonly blocks: readonly Block[];
}

/** A part of the page. */
export type Block = TilesBlock | SyncsBlock | RowsBlock | ExperimentsBlock;

/** A value of a cell: JSON cannot tell an integer above 2^53, so that is text. */
export type Cell = string | number | boolean | null;

interface BlockText {
  readonly title: string;
  readonly note?: string;
  /** The query to copy. */
  readonly sql?: string;
}

/** Numbers to see first. */
export interface TilesBlock {
  readonly show: "tiles";
  readonly tiles: readonly {
    readonly label: string;
    readonly value: string;
    readonly tone: "good" | "bad" | "plain";
  }[];
}

/** Syncs, oldest first; times in milliseconds since 1970. */
export interface SyncsBlock extends BlockText {
  readonly show: "syncs";
  readonly syncs: readonly {
    readonly startedAt: number;
    /** `null`: while it runs, or if it died. */
    readonly endedAt: number | null;
    readonly status: string;
    readonly written: number;
    readonly error: string;
  }[];
}

/** Rows of a query. */
export interface RowsBlock extends BlockText {
  readonly show: "table" | "bars" | "lines";
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

/** Experiments column by column, and the curves of the best ones. */
export interface ExperimentsBlock extends BlockText {
  readonly show: "experiments";
  readonly columns: readonly {
    readonly name: string;
    readonly kind: "key" | "attribute" | "parameter" | "result";
    readonly values: readonly Cell[];
  }[];
  readonly curves: readonly MetricCurves[];
  readonly diverged: readonly { readonly name: string; readonly why: string }[];
}

/** The best experiments by a metric, the best first. */
export interface MetricCurves {
  readonly metric: string;
  readonly best: "min" | "max";
  readonly curves: readonly {
    readonly name: string;
    readonly points: readonly (readonly [step: number, value: number])[];
  }[];
}
