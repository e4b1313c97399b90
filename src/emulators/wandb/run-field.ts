import { isRecord, jsonText, parseJson } from "./json.ts";
import type { WandbRun } from "./run.ts";

/** The value of a field in a filter or an order, in which `name` is the run's id. */
export function fieldValue(run: WandbRun, field: string): unknown {
  const { fields } = run;
  const [first = "", ...path] = field.split(".");
  if (first === "config" && fields.config) {
    if (path.at(-1) === "value") path.pop();
    return valueAtPath(parseJson(jsonText(fields.config)), path);
  }
  if (first === "summary_metrics" && fields.summary) {
    return valueAtPath(parseJson(jsonText(fields.summary)), path);
  }
  return filterable[field]?.(run);
}

/** A timestamp as text that sorts by time: without its `Z`, "…00Z" is before "…00.5Z". */
export function instantSortKey(instant: string | null): string {
  return instant?.replace(/Z$/, "") ?? "";
}

const filterable: Readonly<Record<string, (run: WandbRun) => unknown>> = {
  name: ({ name }) => name,
  displayName: ({ fields }) => fields.displayName,
  display_name: ({ fields }) => fields.displayName,
  createdAt: ({ fields }) => fields.createdAt,
  heartbeatAt: ({ fields }) => fields.heartbeatAt,
  state: ({ fields }) => fields.state,
  tags: ({ fields }) => fields.tags,
  group: ({ fields }) => fields.group,
  jobType: ({ fields }) => fields.jobType,
  host: ({ fields }) => fields.host,
  username: ({ fields }) => fields.user,
  duration: ({ fields }) => durationSeconds(fields),
};

function durationSeconds({ createdAt, heartbeatAt }: WandbRun["fields"]): number | null {
  return heartbeatAt === null ? null : (Date.parse(heartbeatAt) - Date.parse(createdAt)) / 1000;
}

function valueAtPath(value: unknown, path: readonly string[]): unknown {
  const [name, ...rest] = path;
  if (name === undefined) return value;
  return isRecord(value) ? valueAtPath(value[name], rest) : undefined;
}
