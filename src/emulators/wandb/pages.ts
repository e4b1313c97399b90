import type { WandbBackend } from "./backend.ts";
import { cursorOf, offsetAfter } from "./cursor.ts";
import type { WandbFaults } from "./faults.ts";
import type { WandbProject } from "./project.ts";
import { badGateway, ResponseError } from "./response.ts";
import { listRuns, type RunSelection } from "./run-list.ts";
import type { WandbRun } from "./run.ts";

/** The paging arguments of a list. */
export interface PageArguments {
  readonly after?: string | null;
  readonly first?: number | null;
}

/** The arguments of `runs`. */
export interface RunsArguments extends PageArguments, RunSelection {}

/** A page of a list, in the shape of a GraphQL connection. */
export interface Page<T> {
  readonly edges: readonly { readonly node: T; readonly cursor: string }[];
  readonly pageInfo: { readonly endCursor: string | null; readonly hasNextPage: boolean };
}

/**
 * A page of runs. Hidden runs count towards the page size and the offsets, but are not in the page.
 */
export function readRunsPage(
  project: WandbProject,
  page: RunsArguments,
  backend: WandbBackend,
): Page<WandbRun> {
  const { faults, counters } = backend;
  if (pageSize(page, faults) > (faults.tooLarge?.runs ?? Infinity))
    throw new ResponseError(badGateway);
  const runs = listRuns(project, page, backend);
  const after = page.after ?? "";
  if (hasEmptyPage(runs.length, faults) && !after.startsWith(emptyPageMark))
    return { edges: [], pageInfo: { endCursor: emptyPageMark + after, hasNextPage: true } };
  const { edges, pageInfo } = pageOf(runs, { ...page, after: unmarked(after) }, faults);
  const shown = edges.filter(({ node }) => !node.hidden);
  counters.runs += shown.length;
  faults.onPage?.({ field: "runs", size: shown.length });
  const stuck = faults.stuckCursor === true && after !== "";
  return { edges: shown, pageInfo: stuck ? { endCursor: after, hasNextPage: true } : pageInfo };
}

/** A page of projects, oldest first. */
export function readProjectsPage(
  projects: readonly WandbProject[],
  page: PageArguments,
  { faults }: WandbBackend,
): Page<WandbProject> {
  const { edges, pageInfo } = pageOf(projects, page, faults);
  faults.onPage?.({ field: "models", size: edges.length });
  return { edges, pageInfo };
}

function pageOf<T>(all: readonly T[], page: PageArguments, faults: WandbFaults): Page<T> {
  const start = offsetAfter(page.after);
  const end = start + pageSize(page, faults);
  const edges = all
    .slice(start, end)
    .map((node, index) => ({ node, cursor: cursorOf(start + index) }));
  const endCursor = edges.at(-1)?.cursor ?? (page.after || null);
  return { edges, pageInfo: { endCursor, hasNextPage: end < all.length } };
}

function pageSize({ first }: PageArguments, { pageSizeCap = Infinity }: WandbFaults): number {
  return Math.min(Math.max(0, first ?? 50), pageSizeCap);
}

/** Prefix of the cursor of a page without edges; the rest is the cursor that led to it. */
const emptyPageMark = ".";

function hasEmptyPage(length: number, { emptyPages }: WandbFaults): boolean {
  return typeof emptyPages === "object" ? length > emptyPages.above : emptyPages === true;
}

function unmarked(cursor: string): string {
  return cursor.startsWith(emptyPageMark) ? cursor.slice(emptyPageMark.length) : cursor;
}
