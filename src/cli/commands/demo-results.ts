import type { Destination } from "../../core/destination.ts";
import { renderPlotText } from "../terminal/plot.ts";
import { formatTable } from "../terminal/table.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { describePlot } from "../plot/describe-plot.ts";
import { readCurves } from "../plot/read-curves.ts";

/** Shows what the demo synced: a few queries with their results, and a plot. */
export async function showDemoResults(destination: Destination, terminal: Terminal): Promise<void> {
  for (const { title, query } of queries) {
    const results = await destination.select(query);
    const columns = Object.keys(results[0] ?? {});
    const rows = results.map((row) => columns.map((column) => cellText(row[column] ?? "")));
    const names = columns.map((column) => (numericColumns.has(column) ? `#${column}` : column));
    terminal.printStyled(terminal.color.bold(title));
    terminal.printStyled(`${formatTable({ columns: names, rows }, terminal)}\n`);
  }
  const selection = { run: "3fk2a9xc,8d0qwe12,w9e6d1ju", metric: "loss" };
  terminal.printStyled(terminal.color.bold("How did the loss of the runs develop?"));
  const plot = describePlot(await readCurves(destination, selection), { logY: false });
  terminal.printStyled(renderPlotText(plot, terminal));
}

const numericColumns: ReadonlySet<string> = new Set([
  "items",
  "steps",
  "values",
  "loss",
  "users",
  "requests",
]);

const queries = [
  {
    title: "How many items does each dataset have?",
    query: `SELECT d.name, d.version_name AS version, count(*) AS items
            FROM opik_dataset d JOIN opik_dataset_item i USING (dataset_id)
            WHERE NOT i._deleted GROUP BY d.name, d.version_name ORDER BY items DESC LIMIT 4`,
  },
  {
    title: "Which run learned best?",
    query: `SELECT r.name, r.state, max(m.step) + 1 AS steps, count(*) AS "values",
              printf('%.3f', min(m.metric_value) FILTER (WHERE m.metric_name = 'val.loss')) AS loss
            FROM runs r JOIN metrics m USING (run_id) GROUP BY r.run_id ORDER BY loss`,
  },
  {
    title: "Who uses the apps?",
    query: `SELECT a.name AS app, count(*) AS users, substr(max(u.last_seen), 1, 19) AS "last seen"
            FROM apps a JOIN users u USING (app_id) WHERE NOT u._deleted GROUP BY a.name ORDER BY users DESC`,
  },
  {
    title: "What did the syncs do?",
    query: `SELECT pipeline, substr(started_at, 1, 19) AS started, status, requests
            FROM _rivulet_sync ORDER BY started_at`,
  },
] as const;

function cellText(value: unknown): string {
  if (typeof value === "string") return value;
  return typeof value === "bigint" ? value.toString() : JSON.stringify(value);
}
