import type { ReportPage } from "../../core/report.ts";

/** The page of W&B: the runs to compare. Hosts and people's notes stay out: reports are shared. */
export const wandbReport: ReportPage = {
  sections: [
    {
      show: "bars",
      title: "Runs a day",
      query: `SELECT substr(CAST(created_at AS text), 1, 10) AS "day", count(*) AS "runs"
FROM runs WHERE NOT _deleted AND created_at IS NOT NULL GROUP BY 1 ORDER BY 1`,
    },
    {
      show: "experiments",
      title: "Runs",
      note: "Filter by words or comparisons (lr<0.01), sort by a column; the charts show what the filter leaves.",
      table: "runs",
      key: ["project", "run_id"],
      name: "name",
      state: "state",
      created: "created_at",
      attributes: ["user", "group", "job_type", "sweep"],
      parameters: "config_json",
      results: "summary_json",
      curves: { table: "metrics", metric: "metric_name", step: "step", value: "metric_value" },
    },
  ],
};
