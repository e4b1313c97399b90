import type { WandbBackend } from "./backend.ts";
import { compareToPosition, instantSortKey } from "./project.ts";
import type { RunOrder, WandbProject } from "./project.ts";
import { badGateway, graphqlErrors, ResponseError } from "./response.ts";
import { parseRunFilter } from "./run-filter.ts";
import type { WandbRun } from "./run.ts";

/** The paging arguments of a list. */
export interface PageArguments {
  readonly after?: string | null;
  readonly first?: number | null;
}

/** The arguments of `runs`. */
export interface RunsArguments extends PageArguments {
  readonly filters?: string | null;
  readonly order?: string | null;
}

/** A page of a list, in the shape of a GraphQL connection. */
export interface Page<T> {
  readonly edges: readonly { readonly node: T; readonly cursor: string }[];
  readonly pageInfo: { readonly endCursor: string | null; readonly hasNextPage: boolean };
}

/**
 * A page of runs. A cursor is a position in the order, which stays valid when runs are added or
 * deleted. Hidden runs count towards the page size but are not in the page.
 */
export function readRunsPage(
  project: WandbProject,
  { filters, order, ...page }: RunsArguments,
  { faults, counters }: WandbBackend,
): Page<WandbRun> {
  const first = pageSize(page.first, faults.pageSizeCap);
  if (first > (faults.tooLarge?.runs ?? Infinity)) throw new ResponseError(badGateway);
  const after = page.after ?? "";
  if (faults.emptyPages && !after.startsWith(emptyPageMark))
    return emptyPage(emptyPageMark + after);
  const sorting = parseOrder(order);
  const matches = parseRunFilter(filters);
  const runs = project.sortedRuns(sorting);
  const found: WandbRun[] = [];
  let index = indexAfter(runs, sorting, after.replace(emptyPageMark, ""));
  for (; index < runs.length && found.length <= first; index += 1) {
    const run = runs[index];
    if (run && matches(run)) found.push(run);
  }
  const selected = found.slice(0, first);
  const edges = selected
    .filter((run) => !run.hidden)
    .map((run) => ({ node: run, cursor: runCursor(run, sorting) }));
  const last = selected.at(-1);
  const stuck = faults.stuckCursor === true && after !== "";
  const endCursor = stuck || !last ? page.after : runCursor(last, sorting);
  const hasNextPage = stuck || found.length > first;
  counters.runs += edges.length;
  faults.onPage?.({ field: "runs", size: edges.length });
  return { edges, pageInfo: { endCursor: endCursor ?? null, hasNextPage } };
}

/** A page of projects, oldest first. */
export function readProjectsPage(
  page: PageArguments,
  { workspace, faults }: WandbBackend,
): Page<WandbProject> {
  const first = pageSize(page.first, faults.pageSizeCap);
  const after = page.after ? Number(decodeCursor(page.after)) : 0;
  const rest = workspace.projects.filter(({ number }) => number > after);
  const edges = rest
    .slice(0, first)
    .map((project) => ({ node: project, cursor: encodeCursor(project.number) }));
  faults.onPage?.({ field: "models", size: edges.length });
  const endCursor = edges.at(-1)?.cursor ?? page.after ?? null;
  return { edges, pageInfo: { endCursor, hasNextPage: rest.length > first } };
}

/** Prefix of the cursor of a page without edges; the rest is the position. */
const emptyPageMark = ".";

function emptyPage(endCursor: string): Page<never> {
  return { edges: [], pageInfo: { endCursor, hasNextPage: true } };
}

function pageSize(first: number | null | undefined, cap = Infinity): number {
  return Math.min(Math.max(0, first ?? 50), cap);
}

function parseOrder(order: string | null | undefined): RunOrder {
  const [, sign, column] = /^([+-])(created_at|heartbeat_at)$/.exec(order ?? "-created_at") ?? [];
  if (!column) throw new ResponseError(graphqlErrors(400, `invalid order: ${String(order)}`));
  return { by: column === "created_at" ? "createdAt" : "heartbeatAt", descending: sign === "-" };
}

/** The index of the first run after a cursor, whose run may have been deleted. */
function indexAfter(runs: readonly WandbRun[], order: RunOrder, after: string): number {
  if (after === "") return 0;
  const position = parseRunCursor(after);
  let [low, high] = [0, runs.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const run = runs[middle];
    if (run && compareToPosition(run, position, order) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function runCursor(run: WandbRun, { by }: RunOrder): string {
  return encodeCursor([instantSortKey(run.fields[by]), run.number]);
}

function parseRunCursor(cursor: string): [string, number] {
  const position = decodeCursor(cursor);
  if (Array.isArray(position)) return [String(position[0]), Number(position[1])];
  throw new ResponseError(graphqlErrors(400, `invalid cursor: ${cursor}`));
}

function encodeCursor(position: unknown): string {
  return Buffer.from(JSON.stringify(position)).toString("base64url");
}

function decodeCursor(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, "base64url").toString());
  } catch {
    throw new ResponseError(graphqlErrors(400, `invalid cursor: ${cursor}`));
  }
}
