import { z } from "zod";
import { AsyncMemo } from "../../../core/async-memo.ts";
import { ConfigError } from "../../../core/errors.ts";
import { toTimestamp } from "../../../core/timestamp.ts";
import type { Client } from "../../../http/client.ts";
import { linkedPages } from "../../../http/paging/chained-pages.ts";
import type { Page } from "../../../http/paging/page.ts";
import type { WandbConfig } from "../connection/config.ts";
import {
  baselineFrom,
  newestRunCount,
  type DeletionBaseline,
} from "../reader/deletion-baseline.ts";
import type { ListedRun, ProjectReader, RunCounts } from "../reader/project-reader.ts";
import { acceptPythonJson } from "./accept-python-json.ts";
import { readRestHistory } from "./rest-history.ts";

interface RestReaderOptions {
  readonly client: Client;
  readonly config: WandbConfig;
  readonly project: string;
}

/**
 * Reads a project through the REST API that the original connector describes, which some gateways
 * offer: all runs in linked pages, and each history as a whole. Throws a ConfigError if there are
 * filters, which REST does not have.
 */
export function restReader({ client, config, project }: RestReaderOptions): ProjectReader {
  const { entity, page_size, filters } = config;
  if (Object.keys(filters).length > 0) {
    throw new ConfigError(
      "wandb.filters: not supported by the REST API; remove them or use GraphQL",
    );
  }
  const jsonClient = acceptPythonJson(client);
  const projectPath = [entity, project].map(encodeURIComponent).join("/");
  const pages = () =>
    linkedPages(jsonClient, {
      path: `projects/${projectPath}/runs`,
      query: { perPage: page_size },
      rowKeys: ["runs"],
    });
  const listings = new AsyncMemo<Listing>();
  const listing = (): Promise<Listing> => listings.get("", () => listAllRuns(pages()));
  return {
    idMember: "id",
    cursor: "updated_at",
    order: "any",
    concurrentRuns: config.concurrency,
    countRuns: async (baseline) => countListed(await listing(), baseline),
    async *readRuns(since) {
      const { runs } = await listing();
      for await (const page of pages()) {
        const rows = page.rows.filter((row) => isSince(addRun(row, runs), since));
        yield { ...page, rows };
      }
    },
    async *listRuns(since) {
      const { runs } = await listing();
      yield* [...runs.values()]
        .filter((run) => isSince(run, since))
        .sort((a, b) => compareText(a.lastSeen ?? "", b.lastSeen ?? ""));
    },
    async listRunIds() {
      const { runs, isComplete } = await listing();
      return isComplete ? new Set(runs.keys()) : undefined;
    },
    async *readHistory({ id }) {
      const { runs } = await listing();
      const path = `runs/${projectPath}/${encodeURIComponent(id)}/history`;
      yield* readRestHistory(jsonClient, path, runs.get(id)?.lastSeen);
    },
  };
}

interface Listing {
  readonly runs: Map<string, ListedRun>;
  readonly isComplete: boolean;
}

/** Lists all runs once, keeping what `ListedRun` holds of each. */
async function listAllRuns(
  pages: AsyncIterable<Page> & { readonly complete: boolean },
): Promise<Listing> {
  const runs = new Map<string, ListedRun>();
  for await (const { rows } of pages) {
    for (const row of rows) {
      addRun(row, runs);
    }
  }
  // An empty list may come from a service that is still starting.
  return { runs, isComplete: pages.complete && runs.size > 0 };
}

/** Adds a run to a listing. A run that appears later exists all the same. */
function addRun(row: string, runs: Map<string, ListedRun>): ListedRun | undefined {
  const run = parseListedRun(row);
  if (run) runs.set(run.id, run);
  return run;
}

const timestampText = z.string().catch("");
const listedRunShape = z.object({
  id: z.union([z.string().min(1), z.number().transform(String)]),
  createdAt: timestampText,
  updatedAt: timestampText,
});

/** Undefined if the run has no id. */
function parseListedRun(row: string): ListedRun | undefined {
  const fields = listedRunShape.safeParse(JSON.parse(row)).data;
  if (!fields) return undefined;
  const { id, createdAt, updatedAt } = fields;
  return {
    id,
    lastSeen: toTimestamp(updatedAt),
    created: toTimestamp(createdAt),
    lineCount: undefined,
  };
}

function countListed(
  { runs, isComplete }: Listing,
  baseline: DeletionBaseline | undefined,
): RunCounts {
  const newestFirst = [...runs.values()].sort((a, b) =>
    compareText(b.created ?? "", a.created ?? ""),
  );
  const { instant = "", newest = [] } = baseline ?? {};
  return {
    total: runs.size,
    undated: newestFirst.filter(({ lastSeen }) => lastSeen === undefined).length,
    below: newestFirst.filter(({ created = "" }) => created < instant).length,
    remaining: newest.filter((id) => runs.has(id)).length,
    nextBaseline: isComplete
      ? baselineFrom(newestFirst.slice(0, newestRunCount), runs.size)
      : undefined,
  };
}

/**
 * Whether a run's cursor value is this instant or later. True for a run without one, which may have
 * changed at any time.
 */
function isSince(run: ListedRun | undefined, since: string | undefined): boolean {
  if (since === undefined || run?.lastSeen === undefined) return true;
  return run.lastSeen >= (toTimestamp(since) ?? "");
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
