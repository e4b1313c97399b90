import type { GraphqlClient } from "../../../http/graphql.ts";
import type { WandbConfig } from "../connection/config.ts";
import { findGoneItems } from "../../../engine/listing/gone-items.ts";
import { SyncListings } from "../../../engine/listing/sync-listings.ts";
import type { ListedRun } from "../reader/listed-run.ts";
import type { ProjectReader } from "../reader/project-reader.ts";
import { readGraphqlHistory } from "./graphql-history.ts";
import { GraphqlRuns } from "./graphql-runs.ts";
import { historyBatches } from "./history-batches.ts";
import { listedFields } from "./listed-run.ts";
import type { LearnedPageSize } from "./window-reader.ts";
import { rowFields, RunRowReader } from "./run-rows.ts";

/** How many runs are read at once per request in flight, so that batches fill up. */
const runsPerRequest = 8;

interface GraphqlProjectOptions {
  readonly graphql: GraphqlClient;
  readonly config: WandbConfig;
  readonly project: string;
}

/** Reads a project through GraphQL. */
export function graphqlProject({ graphql, config, project }: GraphqlProjectOptions): ProjectReader {
  const { entity, filters, concurrency, retry_attempts: retryAttempts } = config;
  const path = { graphql, entity, project };
  const runs = new GraphqlRuns({ ...path, filters, pageSize: config.listing_page_size });
  const byName = { ...path, runs, pageSize: config.page_size };
  const rows = new RunRowReader({ ...byName, fields: rowFields });
  const listedRuns = new RunRowReader({ ...byName, fields: listedFields });
  const batches = historyBatches(graphql, { entity, project, concurrency });
  const learned: LearnedPageSize = { samples: undefined, reducedRuns: 0 };
  const listings = new SyncListings(runs);
  /** Runs that were asked for by name, and whether they are gone. */
  const asked = new Map<string, boolean>();
  return {
    idMember: "name",
    concurrentRuns: concurrency * runsPerRequest,
    async check() {
      await runs.ask({ first: 1 });
    },
    listRuns: (saved) => listings.list(saved),
    async findGone(missing) {
      const names = missing.map(({ id }) => id).filter((id) => !asked.has(id));
      const witnesses = [...(await listings.listAll()).items.keys()];
      const gone = names.length > 0 ? await findGoneItems(runs, names, witnesses) : new Set();
      for (const id of names) asked.set(id, gone.has(id));
      return new Set(missing.map(({ id }) => id).filter((id) => asked.get(id)));
    },
    async listByName(ids) {
      const listed: ListedRun[] = [];
      for await (const { runs: some } of listedRuns.read(ids)) listed.push(...some);
      return listed;
    },
    readRows: (ids) => rows.read(ids),
    readHistory: (run, options) =>
      readGraphqlHistory(run, options, { batches, learned, retryAttempts }),
  };
}
