import { errorAnswer, Refusal } from "./response.ts";
import type { Answer } from "./response.ts";
import type { Call } from "./backend.ts";
import { jsonText } from "./json.ts";
import { RawJson } from "../raw-json.ts";
import type { NonFinite } from "./json.ts";
import { pageOfRuns } from "./pages.ts";
import type { WandbProject } from "./project.ts";
import type { WandbRun } from "./run.ts";
import { checkHistory } from "./run-resolvers.ts";
import type { RestTrap } from "./faults.ts";

/**
 * Answers in the shape that the original connector's documentation describes, which the service itself does not have: gateways and
 * doubles do. Throws a Refusal.
 */
export function answerRest(url: URL, call: Call): Answer {
  const [, kind, entity, projectName, ...rest] = url.pathname.split("/").map(decodeURIComponent);
  const project = call.workspace.project(projectName ?? "");
  if (!project || entity !== call.workspace.entity) throw notFound();
  if (kind === "projects" && rest.join("/") === "runs") return runs(url, project, call);
  const run = project.run(rest[0] ?? "");
  if (kind === "runs" && rest[1] === "history" && run && !run.hidden) {
    return history(url, run, call);
  }
  throw notFound();
}

function notFound(): Refusal {
  return new Refusal(errorAnswer(404, "not found"));
}

function runs(url: URL, project: WandbProject, call: Call): Answer {
  const page = { first: Number(url.searchParams.get("perPage") ?? 100), order: "+created_at" };
  const after = url.searchParams.get("cursor");
  const { edges, pageInfo } = pageOfRuns(project, { ...page, after }, call);
  const nonFinite = spelling(call);
  const texts = edges.map(({ node }) => runText(node, nonFinite));
  const more = pageInfo.hasNextPage ? pageInfo.endCursor : null;
  return { status: 200, text: `{"runs":[${texts.join(",")}],"nextUrl":${next(url, more, call)}}` };
}

function history(url: URL, run: WandbRun, call: Call): Answer {
  checkHistory(run, call);
  const nonFinite = spelling(call);
  const lines = [...run.history.lines()];
  const from = Number(url.searchParams.get("cursor") ?? 0);
  const to = from + (call.traps.rest?.historyPage ?? lines.length);
  const rows = lines.slice(from, to).map((line) => jsonText(new RawJson(line), nonFinite));
  call.counters.historyRows += rows.length;
  call.traps.onPage?.({ field: "history", size: rows.length });
  const more = to < lines.length ? `,"nextUrl":${next(url, String(to), call)}` : "";
  return { status: 200, text: `{"history":[${rows.join(",")}]${more}}` };
}

function spelling({ traps }: Call): NonFinite {
  return traps.rest?.bareNonFinite ? "bare" : "null";
}

function runText({ name, fields }: WandbRun, nonFinite: NonFinite): string {
  const { displayName, state, user, createdAt, updatedAt, notes, tags, config, summary } = fields;
  const members = { id: name, name, displayName, state, user: user && { username: user } };
  const content = { config: config ?? {}, summaryMetrics: summary ?? {} };
  return jsonText({ ...members, createdAt, updatedAt, notes, tags, ...content }, nonFinite);
}

function next(url: URL, cursor: string | null, { traps }: Call): string {
  if (cursor === null) return "null";
  const following = new URL(url);
  following.searchParams.set("cursor", cursor);
  return JSON.stringify(spelled(following, traps.rest?.nextUrl));
}

function spelled(url: URL, how: RestTrap["nextUrl"] = "absolute"): string {
  const path = url.pathname + url.search;
  if (how === "relative") return path;
  return how === "absolute" ? url.href : new URL(path, how.origin).href;
}
