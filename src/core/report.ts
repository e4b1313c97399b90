/**
 * What a source shows of its tables in `report`: a declaration, from which the program makes the
 * page. Queries run on SQLite and Postgres alike.
 */
export interface ReportPage {
  readonly sections: readonly ReportSection[];
}

/** A part of a page. */
export type ReportSection = QuerySection | ExperimentSection;

interface SectionText {
  readonly title: string;
  /** One sentence that says how to read it. */
  readonly note?: string;
}

/**
 * The result of a query. Its first column names the rows (or is the day, for `lines`); the others
 * are numbers, except in a table.
 */
export interface QuerySection extends SectionText {
  readonly show: "table" | "bars" | "lines";
  /** Must not return what identifies a person. */
  readonly query: string;
}

/** Experiments with parameters and results, to filter and compare, and the curves of the best. */
export interface ExperimentSection extends SectionText {
  readonly show: "experiments";
  /** The table with a row per experiment. */
  readonly table: string;
  /** The columns that identify an experiment; those that the table lacks are ignored. */
  readonly key: readonly string[];
  readonly name: string;
  readonly state: string;
  readonly created: string;
  /** More columns of the table to show and filter by. */
  readonly attributes: readonly string[];
  /** JSON columns: what was set, and the last value of each metric. */
  readonly parameters: string;
  readonly results: string;
  /** Where the values of a metric are: key columns as above, and these. */
  readonly curves: {
    readonly table: string;
    readonly metric: string;
    readonly step: string;
    readonly value: string;
  };
}
