import { jsonError, ResponseError } from "./response.ts";
import type { HttpResponse } from "./response.ts";
import type { WandbBackend } from "./backend.ts";
import { jsonText } from "./json.ts";
import { RawJson } from "../raw-json.ts";
import type { NonFiniteFormat } from "./json.ts";
import { readRunsPage } from "./pages.ts";
import type { WandbProject } from "./project.ts";
import type { WandbRun } from "./run.ts";
import { throwIfHistoryBroken } from "./run-resolvers.ts";
import type { RestOptions } from "./faults.ts";

/**
 * Answers in the shape that the original connector's documentation describes, which the service itself does not have: gateways and
 * doubles do. Throws a Refusal.
 */
export function routeRest(url: URL, call: WandbBackend): HttpResponse {
  const [, kind, entity, projectName, ...rest] = url.pathname.split("/").map(decodeURIComponent);
  const project = call.workspace.project(projectName ?? "");
  if (!project || entity !== call.workspace.entity) throw notFound();
  if (kind === "projects" && rest.join("/") === "runs") return runsResponse(url, project, call);
  const run = project.run(rest[0] ?? "");
  if (kind === "runs" && rest[1] === "history" && run && !run.hidden) {
    return historyResponse(url, run, call);
  }
  throw notFound();
}

function notFound(): ResponseError {
  return new ResponseError(jsonError(404, "not found"));
}

function runsResponse(url: URL, project: WandbProject, call: WandbBackend): HttpResponse {
  const page = { first: Number(url.searchParams.get("perPage") ?? 100), order: "+created_at" };
  const after = url.searchParams.get("cursor");
  const { edges, pageInfo } = readRunsPage(project, { ...page, after }, call);
  const nonFinite = nonFiniteFormat(call);
  const texts = edges.map(({ node }) => runJson(node, nonFinite));
  const more = pageInfo.hasNextPage ? pageInfo.endCursor : null;
  return {
    status: 200,
    text: `{"runs":[${texts.join(",")}],"nextUrl":${nextUrlJson(url, more, call)}}`,
  };
}

function historyResponse(url: URL, run: WandbRun, call: WandbBackend): HttpResponse {
  throwIfHistoryBroken(run, call);
  const nonFinite = nonFiniteFormat(call);
  const lines = [...run.history.lines()];
  const from = Number(url.searchParams.get("cursor") ?? 0);
  const to = from + (call.faults.rest?.historyPage ?? lines.length);
  const rows = lines.slice(from, to).map((line) => jsonText(new RawJson(line), nonFinite));
  call.counters.historyRows += rows.length;
  call.faults.onPage?.({ field: "history", size: rows.length });
  const more = to < lines.length ? `,"nextUrl":${nextUrlJson(url, String(to), call)}` : "";
  return { status: 200, text: `{"history":[${rows.join(",")}]${more}}` };
}

function nonFiniteFormat({ faults }: WandbBackend): NonFiniteFormat {
  return faults.rest?.bareNonFinite ? "bare" : "null";
}

function runJson({ name, fields }: WandbRun, nonFinite: NonFiniteFormat): string {
  const { displayName, state, user, createdAt, updatedAt, notes, tags, config, summary } = fields;
  const members = { id: name, name, displayName, state, user: user && { username: user } };
  const content = { config: config ?? {}, summaryMetrics: summary ?? {} };
  return jsonText({ ...members, createdAt, updatedAt, notes, tags, ...content }, nonFinite);
}

function nextUrlJson(url: URL, cursor: string | null, { faults }: WandbBackend): string {
  if (cursor === null) return "null";
  const following = new URL(url);
  following.searchParams.set("cursor", cursor);
  return JSON.stringify(formatNextUrl(following, faults.rest?.nextUrl));
}

function formatNextUrl(url: URL, how: RestOptions["nextUrl"] = "absolute"): string {
  const path = url.pathname + url.search;
  if (how === "relative") return path;
  return how === "absolute" ? url.href : new URL(path, how.origin).href;
}
