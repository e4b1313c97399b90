import { z } from "zod";
import { ConfigError } from "../../../core/errors.ts";
import { AsyncMemo } from "../../../core/async-memo.ts";
import { toTimestamp } from "../../../core/timestamp.ts";
import { linkedPages } from "../../../http/paging/chained-pages.ts";
import type { Client } from "../../../http/client.ts";
import type { Page } from "../../../http/paging/page.ts";
import type { WandbConfig } from "../connection/config.ts";
import {
  baselineFrom,
  newestRunCount,
  type DeletionBaseline,
} from "../reader/deletion-baseline.ts";
import { acceptPythonJson } from "./accept-python-json.ts";
import { readRestHistory } from "./rest-history.ts";
import type { RunCounts, ListedRun, ProjectReader } from "../reader/project-reader.ts";

export interface RestReaderOptions {
  readonly client: Client;
  readonly config: WandbConfig;
  readonly project: string;
}

/**
 * A project through the REST API that the original connector describes, which gateways offer: all runs in pages that are linked, and
 * each history whole.
 */
export function restReader({ client, config, project }: RestReaderOptions): ProjectReader {
  const { entity, page_size, filters } = config;
  if (Object.keys(filters).length > 0) {
    throw new ConfigError("wandb.filters: the REST API has none; leave them out, or use GraphQL");
  }
  const source = acceptPythonJson(client);
  const place = [entity, project].map(encodeURIComponent).join("/");
  const pages = () =>
    linkedPages(source, {
      path: `projects/${place}/runs`,
      query: { perPage: page_size },
      rowKeys: ["runs"],
    });
  const listings = new AsyncMemo<Listing>();
  const listed = (): Promise<Listing> => listings.get("", () => listAllRuns(pages()));
  return {
    idMember: "id",
    cursor: "updated_at",
    order: "any",
    concurrentRuns: config.concurrency,
    countRuns: async (landmark) => countListed(await listed(), landmark),
    async *readRuns(since) {
      const { runs } = await listed();
      for await (const page of pages()) {
        const rows = page.rows.filter((row) => isSince(addRun(row, runs), since));
        yield { ...page, rows };
      }
    },
    async *listRuns(since) {
      const { runs } = await listed();
      yield* [...runs.values()]
        .filter((run) => isSince(run, since))
        .sort((a, b) => compareText(a.lastSeen ?? "", b.lastSeen ?? ""));
    },
    async listRunIds() {
      const { runs, isComplete } = await listed();
      return isComplete ? new Set(runs.keys()) : undefined;
    },
    async *readHistory({ id }) {
      const { runs } = await listed();
      const path = `runs/${place}/${encodeURIComponent(id)}/history`;
      yield* readRestHistory(source, path, runs.get(id)?.lastSeen);
    },
  };
}

interface Listing {
  readonly runs: Map<string, ListedRun>;
  readonly isComplete: boolean;
}

/** What is kept of each run of a walk through all of them. */
async function listAllRuns(
  pages: AsyncIterable<Page> & { readonly complete: boolean },
): Promise<Listing> {
  const runs = new Map<string, ListedRun>();
  for await (const { rows } of pages) {
    for (const row of rows) {
      addRun(row, runs);
    }
  }
  // An empty list may be a service that has not woken up yet.
  return { runs, isComplete: pages.complete && runs.size > 0 };
}

/** Takes a run into a list. One that comes later is no less there. */
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

/** Undefined where it cannot be told which run it is. */
function parseListedRun(row: string): ListedRun | undefined {
  const brief = listedRunShape.safeParse(JSON.parse(row)).data;
  if (!brief) return undefined;
  const { id, createdAt, updatedAt } = brief;
  return {
    id,
    lastSeen: toTimestamp(updatedAt),
    created: toTimestamp(createdAt),
    lineCount: undefined,
  };
}

function countListed(
  { runs, isComplete }: Listing,
  landmark: DeletionBaseline | undefined,
): RunCounts {
  const newestFirst = [...runs.values()].sort((a, b) =>
    compareText(b.created ?? "", a.created ?? ""),
  );
  const { instant = "", newest = [] } = landmark ?? {};
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

/** Whether a run's cursor is this instant or later. Nobody knows when one without a cursor has changed. */
function isSince(run: ListedRun | undefined, since: string | undefined): boolean {
  if (since === undefined || run?.lastSeen === undefined) return true;
  return run.lastSeen >= (toTimestamp(since) ?? "");
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
