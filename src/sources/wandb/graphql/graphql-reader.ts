import { z } from "zod";
import { AsyncMemo } from "../../../core/async-memo.ts";
import { toTimestamp } from "../../../core/timestamp.ts";
import type { GraphqlClient, Select } from "../../../http/graphql.ts";
import type { WandbConfig } from "../connection/config.ts";
import type { ListedRun, ProjectReader, RunCounts, RunPage } from "../reader/project-reader.ts";
import { readGraphqlHistory, type LearnedPageSize } from "./graphql-history.ts";
import { HistoryBatches } from "./history-batches.ts";
import { countRuns } from "./run-counts.ts";
import { combineFilters, heartbeatSince } from "./run-filters.ts";
import { parseRunNode, readRunPages, type ProjectPath, type RunPageOptions } from "./run-pages.ts";

/** Runs per page of a listing that requests only a few fields of each. */
const lightPageSize = 500;

/** How many runs are read at once per request in flight, so that batches fill up. */
const runsPerRequest = 8;

/** How often to list the ids if they change while they are listed. */
const maxListings = 3;

interface GraphqlReaderOptions {
  readonly graphql: GraphqlClient;
  readonly config: WandbConfig;
  readonly project: string;
}

/** Reads a project through GraphQL. */
export function graphqlReader({ graphql, config, project }: GraphqlReaderOptions): ProjectReader {
  const { entity, filters, page_size, concurrency, retry_attempts } = config;
  const path: ProjectPath = { entity, project };
  const batches = new HistoryBatches(graphql, {
    ...path,
    concurrency,
    retryAttempts: retry_attempts,
  });
  const learned: LearnedPageSize = { samples: undefined };
  const counts = new AsyncMemo<RunCounts>();
  const listings = new AsyncMemo<ReadonlySet<string> | undefined>();
  const pages = (page: Pick<RunPageOptions, "fields" | "size">, since: string | undefined) =>
    readRunPages(graphql, {
      ...path,
      ...page,
      filters: combineFilters(filters, since === undefined ? {} : heartbeatSince(since)),
      order: since === undefined ? "+created_at" : "+heartbeat_at",
    });
  return {
    idMember: "name",
    cursor: "heartbeat_at",
    order: "ascending",
    concurrentRuns: concurrency * runsPerRequest,
    countRuns: (baseline) =>
      counts.get(JSON.stringify(baseline ?? null), () =>
        countRuns(graphql, { ...path, filters, baseline }),
      ),
    readRuns: (since) => pages({ fields: fullRunFields, size: page_size }, since),
    async *listRuns(since) {
      for await (const page of pages({ fields: lightRunFields, size: lightPageSize }, since)) {
        yield* page.rows.map(parseListedRun);
      }
    },
    listRunIds: () => listings.get("", () => listCompleteIds(() => pages(idPages, undefined))),
    readHistory: (run, options) => readGraphqlHistory(run, options, { batches, learned }),
  };
}

const idPages = { fields: () => "name", size: lightPageSize };

function fullRunFields(select: Select): string {
  const user = `user { name ${select("User", ["username"])} }`;
  const optional = select("Run", [
    ...["displayName", "state", "tags", "group", "jobType", "sweepName", "notes", "description"],
    ...["host", "commit", "updatedAt", "historyLineCount", "config", "summaryMetrics", user],
  ]);
  return `id name createdAt heartbeatAt ${optional}`;
}

function lightRunFields(select: Select): string {
  return `name createdAt heartbeatAt ${select("Run", ["historyLineCount"])}`;
}

const lightShape = z.object({
  name: z.string(),
  createdAt: z.string(),
  heartbeatAt: z.string().nullish(),
  historyLineCount: z.int().nullish(),
});

function parseListedRun(node: string): ListedRun {
  const { name, createdAt, heartbeatAt, historyLineCount } = parseRunNode(node, lightShape);
  return {
    id: name,
    created: createdAt,
    lastSeen: toTimestamp(heartbeatAt ?? ""),
    lineCount: historyLineCount ?? undefined,
  };
}

const nameShape = z.object({ name: z.string() });

/**
 * The ids of a listing that returned as many as the service counted from its first page to its
 * last. Undefined if no attempt achieves that.
 */
async function listCompleteIds(
  list: () => AsyncIterable<RunPage>,
): Promise<ReadonlySet<string> | undefined> {
  for (let attempt = 1; attempt <= maxListings; attempt += 1) {
    const ids = new Set<string>();
    const totals = new Set<number | undefined>();
    for await (const page of list()) {
      totals.add(page.total);
      for (const row of page.rows) ids.add(parseRunNode(row, nameShape).name);
    }
    if (totals.size === 1 && totals.has(ids.size)) return ids;
  }
  return undefined;
}
