import { z } from "zod";
import { Remembered } from "../../../core/async-memo.ts";
import { toTimestamp } from "../../../core/timestamp.ts";
import type { Graphql, Select } from "../../../http/graphql.ts";
import { takeCensus } from "./run-counts.ts";
import type { WandbConfig } from "../connection/config.ts";
import { HistoryBatches } from "./history-batches.ts";
import { walkHistory, type Bearable } from "./graphql-history.ts";
import type { Census, ListedRun, Reader, RunPage } from "../reader/project-reader.ts";
import { runNode, runPages, type Connection, type ProjectPlace } from "./run-pages.ts";
import { aliveSince, filterText } from "./run-filters.ts";

/** Runs in a page of a listing that asks for little of each. */
const lightSize = 500;

/** How many runs are read for each request that may be under way, so that there is always enough to ask for. */
const runsPerRequest = 8;

/** So often a list is walked that changes meanwhile. */
const maxWalks = 3;

export interface GraphqlReaderOptions {
  readonly graphql: Graphql;
  readonly config: WandbConfig;
  readonly project: string;
}

/** A project through GraphQL. */
export function graphqlReader({ graphql, config, project }: GraphqlReaderOptions): Reader {
  const { entity, filters, page_size, concurrency, retry_attempts } = config;
  const place: ProjectPlace = { entity, project };
  const batches = new HistoryBatches(graphql, {
    ...place,
    concurrency,
    retryAttempts: retry_attempts,
  });
  const bearable: Bearable = { samples: undefined };
  const censuses = new Remembered<Census>();
  const listings = new Remembered<ReadonlySet<string> | undefined>();
  const pages = (wanted: Pick<Connection, "fields" | "size">, since: string | undefined) =>
    runPages(graphql, {
      ...place,
      ...wanted,
      filters: filterText(filters, since === undefined ? {} : aliveSince(since)),
      order: since === undefined ? "+created_at" : "+heartbeat_at",
    });
  return {
    idMember: "name",
    cursor: "heartbeat_at",
    order: "ascending",
    runsAtOnce: concurrency * runsPerRequest,
    census: (landmark) =>
      censuses.get(JSON.stringify(landmark ?? null), () =>
        takeCensus(graphql, { ...place, filters, landmark }),
      ),
    runs: (since) => pages({ fields: wholeRun, size: page_size }, since),
    async *listed(since) {
      for await (const page of pages({ fields: lightRun, size: lightSize }, since)) {
        yield* page.rows.map(listedRun);
      }
    },
    ids: () => listings.get("", () => completeIds(() => pages(idsOnly, undefined))),
    history: (run, options) => walkHistory(run, options, { batches, bearable }),
  };
}

const idsOnly = { fields: () => "name", size: lightSize };

function wholeRun(select: Select): string {
  const user = `user { name ${select("User", ["username"])} }`;
  const optional = select("Run", [
    ...["displayName", "state", "tags", "group", "jobType", "sweepName", "notes", "description"],
    ...["host", "commit", "updatedAt", "historyLineCount", "config", "summaryMetrics", user],
  ]);
  return `id name createdAt heartbeatAt ${optional}`;
}

function lightRun(select: Select): string {
  return `name createdAt heartbeatAt ${select("Run", ["historyLineCount"])}`;
}

const lightShape = z.object({
  name: z.string(),
  createdAt: z.string(),
  heartbeatAt: z.string().nullish(),
  historyLineCount: z.int().nullish(),
});

function listedRun(node: string): ListedRun {
  const { name, createdAt, heartbeatAt, historyLineCount } = runNode(node, lightShape);
  return {
    id: name,
    created: createdAt,
    seen: toTimestamp(heartbeatAt ?? ""),
    lines: historyLineCount ?? undefined,
  };
}

const nameShape = z.object({ name: z.string() });

/** The ids that a walk shows, once it has shown as many as the service counts from its beginning to its end. */
async function completeIds(
  walk: () => AsyncIterable<RunPage>,
): Promise<ReadonlySet<string> | undefined> {
  for (let walks = 1; walks <= maxWalks; walks += 1) {
    const ids = new Set<string>();
    const totals = new Set<number | undefined>();
    for await (const page of walk()) {
      totals.add(page.total);
      for (const row of page.rows) ids.add(runNode(row, nameShape).name);
    }
    if (totals.size === 1 && totals.has(ids.size)) return ids;
  }
  return undefined;
}
