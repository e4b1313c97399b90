import { RawJson } from "../raw-json.ts";
import type { WandbBackend } from "./backend.ts";
import type { RestOptions } from "./faults.ts";
import { jsonText } from "./json.ts";
import type { NonFiniteFormat } from "./json.ts";
import { readRunsPage } from "./pages.ts";
import type { WandbProject } from "./project.ts";
import { jsonError, ResponseError } from "./response.ts";
import type { HttpResponse } from "./response.ts";
import { throwIfHistoryBroken } from "./run-resolvers.ts";
import type { WandbRun } from "./run.ts";

/**
 * Answers in the REST shape that the original connector's documentation describes. W&B has no such
 * API, but gateways do. Throws a ResponseError.
 */
export function routeRest(url: URL, backend: WandbBackend): HttpResponse {
  const [, kind, entity, projectName, ...rest] = url.pathname.split("/").map(decodeURIComponent);
  const project = backend.workspace.project(projectName ?? "");
  if (!project || entity !== backend.workspace.entity) throw notFound();
  if (kind === "projects" && rest.join("/") === "runs") return runsResponse(url, project, backend);
  const run = project.run(rest[0] ?? "");
  if (kind === "runs" && rest[1] === "history" && run && !run.hidden) {
    return historyResponse(url, run, backend);
  }
  throw notFound();
}

function notFound(): ResponseError {
  return new ResponseError(jsonError(404, "not found"));
}

function runsResponse(url: URL, project: WandbProject, backend: WandbBackend): HttpResponse {
  const page = { first: Number(url.searchParams.get("perPage") ?? 100), order: "+created_at" };
  const after = url.searchParams.get("cursor");
  const { edges, pageInfo } = readRunsPage(project, { ...page, after }, backend);
  const nonFinite = nonFiniteFormat(backend);
  const texts = edges.map(({ node }) => runJson(node, nonFinite));
  const nextPage = pageInfo.hasNextPage ? pageInfo.endCursor : null;
  return {
    status: 200,
    text: `{"runs":[${texts.join(",")}],"nextUrl":${nextUrlJson(url, nextPage, backend)}}`,
  };
}

function historyResponse(url: URL, run: WandbRun, backend: WandbBackend): HttpResponse {
  throwIfHistoryBroken(run, backend);
  const nonFinite = nonFiniteFormat(backend);
  const lines = [...run.history.shownLines()];
  const from = Number(url.searchParams.get("cursor") ?? 0);
  const to = from + (backend.faults.rest?.historyPage ?? lines.length);
  const rows = lines.slice(from, to).map((line) => jsonText(new RawJson(line), nonFinite));
  backend.counters.historyRows += rows.length;
  backend.faults.onPage?.({ field: "history", size: rows.length });
  const nextPage = to < lines.length ? `,"nextUrl":${nextUrlJson(url, String(to), backend)}` : "";
  return { status: 200, text: `{"history":[${rows.join(",")}]${nextPage}}` };
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
  const next = new URL(url);
  next.searchParams.set("cursor", cursor);
  return JSON.stringify(formatNextUrl(next, faults.rest?.nextUrl));
}

function formatNextUrl(url: URL, format: RestOptions["nextUrl"] = "absolute"): string {
  const path = url.pathname + url.search;
  if (format === "relative") return path;
  return format === "absolute" ? url.href : new URL(path, format.origin).href;
}
