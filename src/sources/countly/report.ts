import type { ReportPage } from "../../core/report.ts";

/** The page of Countly: only counts of users, never one of them. */
export const countlyReport: ReportPage = {
  sections: [
    {
      show: "bars",
      title: "Users by app",
      query: `SELECT coalesce(a.name, u.app_id) AS "app", count(*) AS "users"
FROM users u LEFT JOIN apps a ON a.app_id = u.app_id
WHERE NOT u._deleted GROUP BY 1 ORDER BY 2 DESC LIMIT 20`,
    },
    {
      show: "lines",
      title: "New and returning users a day",
      note: "New: first seen on that day. Returning: last seen on that day, and first seen on an earlier one; of earlier visits, Countly keeps no day.",
      query: `SELECT day AS "day", sum(new_users) AS "new", sum(returning_users) AS "returning" FROM (
  SELECT substr(CAST(first_seen AS text), 1, 10) AS day, 1 AS new_users, 0 AS returning_users
  FROM users WHERE NOT _deleted AND first_seen IS NOT NULL
  UNION ALL
  SELECT substr(CAST(last_seen AS text), 1, 10), 0, 1 FROM users WHERE NOT _deleted
  AND substr(CAST(last_seen AS text), 1, 10) > substr(CAST(first_seen AS text), 1, 10)
) AS seen GROUP BY day ORDER BY day`,
    },
    {
      show: "bars",
      title: "Platforms",
      query: `SELECT coalesce(platform, 'unknown') AS "platform", count(*) AS "users"
FROM users WHERE NOT _deleted GROUP BY 1 ORDER BY 2 DESC LIMIT 20`,
    },
    {
      show: "bars",
      title: "Countries",
      query: `SELECT coalesce(country_code, 'unknown') AS "country", count(*) AS "users"
FROM users WHERE NOT _deleted GROUP BY 1 ORDER BY 2 DESC LIMIT 15`,
    },
  ],
};
