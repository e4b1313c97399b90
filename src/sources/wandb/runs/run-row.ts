import type { Value } from "../../../core/schema.ts";
import type { RowDeclaration } from "../../../http/paging/page-mapper.ts";
import type { Members } from "../../../json/object-reader.ts";
import { firstPresent } from "../../../json/row-mapper.ts";
import { members, plain, unquote } from "../../../json/text-scanner.ts";
import { projectColumns, type ProjectScope } from "../project/project-scope.ts";
import { runColumns, tableOf } from "../project/tables.ts";
import { parsePythonJson } from "../../../json/python-json.ts";

interface RunRowOptions extends ProjectScope {
  /** The member that holds the id that users see: `name` in GraphQL, `id` in REST. */
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

/**
 * JSON that the service sends either as JSON or as a text that contains it. Text that is not JSON
 * stays as it is.
 */
function embeddedJson(slice: string | undefined): string | null {
  if (slice === undefined || slice === "null") return null;
  if (!slice.startsWith('"')) return slice;
  return parsePythonJson(unquote(slice))?.text ?? slice;
}

/**
 * The configuration without the service's own `_wandb`. If it is sent as text, each value is
 * wrapped in an object with a description: `{"lr": {"value": 0.1, "desc": null}}`.
 */
function configJson(slice: string | undefined): string | null {
  const json = embeddedJson(slice);
  const config = members(json ?? "");
  if (!config) return json;
  const isWrapped = slice?.startsWith('"') === true;
  const entries = [...config]
    .filter(([key]) => key !== "_wandb")
    .map(([key, value]) => `${JSON.stringify(key)}:${isWrapped ? unwrapValue(value) : value}`);
  return `{${entries.join(",")}}`;
}

function unwrapValue(slice: string): string {
  const wrapper = members(slice);
  const isWrapper =
    wrapper && [...wrapper.keys()].every((key) => key === "value" || key === "desc");
  return (isWrapper ? wrapper.get("value") : undefined) ?? slice;
}
