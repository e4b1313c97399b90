import { firstPresent } from "../../../json/row-mapper.ts";
import type { Members } from "../../../json/object-reader.ts";
import { members, plain, unquote } from "../../../json/text-scanner.ts";
import type { Value } from "../../../core/schema.ts";
import type { RowDeclaration } from "../../../http/paging/page-mapper.ts";
import { projectColumns, type ProjectScope } from "../project/project-scope.ts";
import { parsePythonJson } from "../reader/python-json.ts";
import { runColumns, tableOf } from "../project/tables.ts";

export interface RunRowOptions extends ProjectScope {
  /** The member that holds the id which users see: `name` in GraphQL, `id` in REST. */
  readonly idMember: string;
}

/** How the service's runs become rows. */
export function runDeclaration({ idMember, ...scope }: RunRowOptions): RowDeclaration {
  return {
    name: "runs",
    ...tableOf(runColumns, ["run_id"], scope.multiProject),
    fields: {
      run_id: idMember,
      name: ["displayName", "name", idMember],
      display_name: "displayName",
      created_at: "createdAt",
      updated_at: "updatedAt",
      job_type: "jobType",
      sweep: ["sweepName", "sweep"],
      heartbeat_at: "heartbeatAt",
      history_line_count: "historyLineCount",
    },
    known: ["id", "config", "summaryMetrics"],
    derive: (run) => ({
      ...projectColumns(scope),
      user: userName(run),
      config_json: configJson(run.get("config")),
      summary_json: embeddedJson(run.get("summaryMetrics")),
    }),
  };
}

function userName(run: Members): Value {
  const slice = run.get("user");
  const user = members(slice ?? "");
  return plain(user ? firstPresent(user, ["username", "name"]) : slice);
}

/** JSON that the service sends as JSON, or as text that holds it. What is no JSON at all stays the text that it is. */
function embeddedJson(slice: string | undefined): string | null {
  if (slice === undefined || slice === "null") return null;
  if (!slice.startsWith('"')) return slice;
  return parsePythonJson(unquote(slice))?.text ?? slice;
}

/**
 * The configuration without the service's own part. Where it is sent as text, each value is in an object of its own, with a
 * description: `{"lr": {"value": 0.1, "desc": null}}`.
 */
function configJson(slice: string | undefined): string | null {
  const json = embeddedJson(slice);
  const found = members(json ?? "");
  if (!found) return json;
  const wrapped = slice?.startsWith('"') === true;
  const entries = [...found]
    .filter(([key]) => key !== "_wandb")
    .map(([key, value]) => `${JSON.stringify(key)}:${wrapped ? unwrapValue(value) : value}`);
  return `{${entries.join(",")}}`;
}

function unwrapValue(slice: string): string {
  const inner = members(slice);
  const isWrapping = inner && [...inner.keys()].every((key) => key === "value" || key === "desc");
  return (isWrapping ? inner.get("value") : undefined) ?? slice;
}
