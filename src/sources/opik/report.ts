import type { ReportPage } from "../../core/report.ts";

/** The page of Opik: the datasets and how they grow. */
export const opikReport: ReportPage = {
  sections: [
    {
      show: "bars",
      title: "Largest datasets",
      note: "By the number of their items in the table.",
      query: `SELECT d.name AS "dataset", count(*) AS "items"
FROM opik_dataset d JOIN opik_dataset_item i ON i.dataset_id = d.dataset_id
WHERE NOT d._deleted AND NOT i._deleted GROUP BY d.dataset_id, d.name ORDER BY 2 DESC LIMIT 20`,
    },
    {
      show: "lines",
      title: "New items a day",
      query: `SELECT substr(CAST(created_at AS text), 1, 10) AS "day", count(*) AS "items"
FROM opik_dataset_item WHERE NOT _deleted AND created_at IS NOT NULL GROUP BY 1 ORDER BY 1`,
    },
    {
      show: "table",
      title: "Datasets",
      query: `SELECT d.name AS "dataset", p.name AS "project", d.version_name AS "version",
  d.dataset_items_count AS "items", d.experiment_count AS "experiments",
  d.created_at AS "created", d.last_updated_at AS "last change"
FROM opik_dataset d LEFT JOIN opik_project p ON p.project_id = d.project_id
WHERE NOT d._deleted ORDER BY d.last_updated_at DESC`,
    },
  ],
};
