import { z } from "zod";
import { AsyncMemo } from "../../../core/async-memo.ts";
import { toTimestamp } from "../../../core/timestamp.ts";
import type { GraphqlClient, Select } from "../../../http/graphql.ts";
import { countRuns } from "./run-counts.ts";
import type { WandbConfig } from "../connection/config.ts";
import { HistoryBatches } from "./history-batches.ts";
import { readGraphqlHistory, type LearnedPageSize } from "./graphql-history.ts";
import type { RunCounts, ListedRun, ProjectReader, RunPage } from "../reader/project-reader.ts";
import { parseRunNode, readRunPages, type RunPageOptions, type ProjectPath } from "./run-pages.ts";
import { heartbeatSince, combineFilters } from "./run-filters.ts";

/** Runs in a page of a listing that asks for little of each. */
const lightPageSize = 500;

/** How many runs are read for each request that may be under way, so that there is always enough to ask for. */
const runsPerRequest = 8;

/** So often a list is walked that changes meanwhile. */
const maxListings = 3;

export interface GraphqlReaderOptions {
  readonly graphql: GraphqlClient;
  readonly config: WandbConfig;
  readonly project: string;
}

/** A project through GraphQL. */
export function graphqlReader({ graphql, config, project }: GraphqlReaderOptions): ProjectReader {
  const { entity, filters, page_size, concurrency, retry_attempts } = config;
  const place: ProjectPath = { entity, project };
  const batches = new HistoryBatches(graphql, {
    ...place,
    concurrency,
    retryAttempts: retry_attempts,
  });
  const bearable: LearnedPageSize = { samples: undefined };
  const censuses = new AsyncMemo<RunCounts>();
  const listings = new AsyncMemo<ReadonlySet<string> | undefined>();
  const pages = (wanted: Pick<RunPageOptions, "fields" | "size">, since: string | undefined) =>
    readRunPages(graphql, {
      ...place,
      ...wanted,
      filters: combineFilters(filters, since === undefined ? {} : heartbeatSince(since)),
      order: since === undefined ? "+created_at" : "+heartbeat_at",
    });
  return {
    idMember: "name",
    cursor: "heartbeat_at",
    order: "ascending",
    concurrentRuns: concurrency * runsPerRequest,
    countRuns: (landmark) =>
      censuses.get(JSON.stringify(landmark ?? null), () =>
        countRuns(graphql, { ...place, filters, baseline: landmark }),
      ),
    readRuns: (since) => pages({ fields: fullRunFields, size: page_size }, since),
    async *listRuns(since) {
      for await (const page of pages({ fields: lightRunFields, size: lightPageSize }, since)) {
        yield* page.rows.map(parseListedRun);
      }
    },
    listRunIds: () => listings.get("", () => listCompleteIds(() => pages(idPages, undefined))),
    readHistory: (run, options) => readGraphqlHistory(run, options, { batches, learned: bearable }),
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

/** The ids that a walk shows, once it has shown as many as the service counts from its beginning to its end. */
async function listCompleteIds(
  walk: () => AsyncIterable<RunPage>,
): Promise<ReadonlySet<string> | undefined> {
  for (let walks = 1; walks <= maxListings; walks += 1) {
    const ids = new Set<string>();
    const totals = new Set<number | undefined>();
    for await (const page of walk()) {
      totals.add(page.total);
      for (const row of page.rows) ids.add(parseRunNode(row, nameShape).name);
    }
    if (totals.size === 1 && totals.has(ids.size)) return ids;
  }
  return undefined;
}
