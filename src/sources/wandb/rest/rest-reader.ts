import { z } from "zod";
import { ConfigError } from "../../../core/errors.ts";
import { Remembered } from "../../../core/async-memo.ts";
import { toTimestamp } from "../../../core/timestamp.ts";
import { linkedPages } from "../../../http/paging/chained-pages.ts";
import type { Client } from "../../../http/client.ts";
import type { Page } from "../../../http/paging/page.ts";
import type { WandbConfig } from "../connection/config.ts";
import { landmarkOf, newestRuns, type Landmark } from "../reader/deletion-baseline.ts";
import { lenient } from "./accept-python-json.ts";
import { restHistory } from "./rest-history.ts";
import type { Census, ListedRun, Reader } from "../reader/project-reader.ts";

export interface RestReaderOptions {
  readonly client: Client;
  readonly config: WandbConfig;
  readonly project: string;
}

/**
 * A project through the REST API that the original connector describes, which gateways offer: all runs in pages that are linked, and
 * each history whole.
 */
export function restReader({ client, config, project }: RestReaderOptions): Reader {
  const { entity, page_size, filters } = config;
  if (Object.keys(filters).length > 0) {
    throw new ConfigError("wandb.filters: the REST API has none; leave them out, or use GraphQL");
  }
  const source = lenient(client);
  const place = [entity, project].map(encodeURIComponent).join("/");
  const pages = () =>
    linkedPages(source, {
      path: `projects/${place}/runs`,
      query: { perPage: page_size },
      rowKeys: ["runs"],
    });
  const listings = new Remembered<Listing>();
  const listed = (): Promise<Listing> => listings.get("", () => list(pages()));
  return {
    idMember: "id",
    cursor: "updated_at",
    order: "any",
    runsAtOnce: config.concurrency,
    census: async (landmark) => censusOf(await listed(), landmark),
    async *runs(since) {
      const { runs } = await listed();
      for await (const page of pages()) {
        const rows = page.rows.filter((row) => isSince(noted(row, runs), since));
        yield { ...page, rows };
      }
    },
    async *listed(since) {
      const { runs } = await listed();
      yield* [...runs.values()]
        .filter((run) => isSince(run, since))
        .sort((a, b) => compare(a.seen ?? "", b.seen ?? ""));
    },
    async ids() {
      const { runs, complete } = await listed();
      return complete ? new Set(runs.keys()) : undefined;
    },
    async *history({ id }) {
      const { runs } = await listed();
      const path = `runs/${place}/${encodeURIComponent(id)}/history`;
      yield* restHistory(source, path, runs.get(id)?.seen);
    },
  };
}

interface Listing {
  readonly runs: Map<string, ListedRun>;
  readonly complete: boolean;
}

/** What is kept of each run of a walk through all of them. */
async function list(pages: AsyncIterable<Page> & { readonly complete: boolean }): Promise<Listing> {
  const runs = new Map<string, ListedRun>();
  for await (const { rows } of pages) {
    for (const row of rows) {
      noted(row, runs);
    }
  }
  // An empty list may be a service that has not woken up yet.
  return { runs, complete: pages.complete && runs.size > 0 };
}

/** Takes a run into a list. One that comes later is no less there. */
function noted(row: string, runs: Map<string, ListedRun>): ListedRun | undefined {
  const run = briefly(row);
  if (run) runs.set(run.id, run);
  return run;
}

const instantText = z.string().catch("");
const briefShape = z.object({
  id: z.union([z.string().min(1), z.number().transform(String)]),
  createdAt: instantText,
  updatedAt: instantText,
});

/** Undefined where it cannot be told which run it is. */
function briefly(row: string): ListedRun | undefined {
  const brief = briefShape.safeParse(JSON.parse(row)).data;
  if (!brief) return undefined;
  const { id, createdAt, updatedAt } = brief;
  return {
    id,
    seen: toTimestamp(updatedAt),
    created: toTimestamp(createdAt),
    lines: undefined,
  };
}

function censusOf({ runs, complete }: Listing, landmark: Landmark | undefined): Census {
  const newestFirst = [...runs.values()].sort((a, b) => compare(b.created ?? "", a.created ?? ""));
  const { instant = "", newest = [] } = landmark ?? {};
  return {
    total: runs.size,
    undated: newestFirst.filter(({ seen }) => seen === undefined).length,
    below: newestFirst.filter(({ created = "" }) => created < instant).length,
    kept: newest.filter((id) => runs.has(id)).length,
    next: complete ? landmarkOf(newestFirst.slice(0, newestRuns), runs.size) : undefined,
  };
}

/** Whether a run's cursor is this instant or later. Nobody knows when one without a cursor has changed. */
function isSince(run: ListedRun | undefined, since: string | undefined): boolean {
  if (since === undefined || run?.seen === undefined) return true;
  return run.seen >= (toTimestamp(since) ?? "");
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
