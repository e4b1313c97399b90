import { withCallerMessage } from "../../../core/caller-message.ts";
import { z } from "zod";
import { AsyncMemo } from "../../../core/async-memo.ts";
import { ConfigError } from "../../../core/errors.ts";
import { shortDigest } from "../../../core/short-digest.ts";
import { toTimestamp } from "../../../core/timestamp.ts";
import type { Client } from "../../../http/client.ts";
import { linkedPages } from "../../../http/paging/chained-pages.ts";
import type { WandbConfig } from "../connection/config.ts";
import type { Listing } from "../../../engine/listing/list-items.ts";
import type { ListedRun } from "../reader/listed-run.ts";
import type { ProjectReader, RunRows } from "../reader/project-reader.ts";
import { acceptPythonJson } from "../../../http/paging/accept-python-json.ts";
import { readRestHistory } from "./rest-history.ts";

interface RestProjectOptions {
  readonly client: Client;
  readonly config: WandbConfig;
  readonly project: string;
}

/** What changes within this time before a listing may change again at the same instant. */
const settlingMs = 5000;

/**
 * Reads a project through the REST API that the original connector describes, which some gateways
 * offer: all runs in linked pages, and each history as a whole. It has neither totals nor filters:
 * a run is gone if two syncs in a row do not list it.
 *
 * Throws a ConfigError if there are filters.
 */
export function restProject({ client, config, project }: RestProjectOptions): ProjectReader {
  const { entity, page_size, filters } = config;
  if (Object.keys(filters).length > 0) {
    throw withCallerMessage(
      new ConfigError("wandb.filters: not supported by the REST API; remove them or use GraphQL"),
    );
  }
  const jsonClient = acceptPythonJson(client);
  const projectPath = [entity, project].map(encodeURIComponent).join("/");
  const list = {
    path: `projects/${projectPath}/runs`,
    query: { perPage: page_size },
    rowKeys: ["runs"],
  };
  const listings = new AsyncMemo<RestListing>();
  const listing = () => listings.get("", () => listAll(linkedPages(jsonClient, list)));
  return {
    idMember: "id",
    concurrentRuns: config.concurrency,
    async check() {
      await linkedPages(jsonClient, list)[Symbol.asyncIterator]().next();
    },
    listRuns: listing,
    // Every listing is full.
    listByName: () => Promise.resolve([]),
    findGone: (missing) => {
      const gone = missing.filter(({ wasMissed }) => wasMissed);
      return Promise.resolve(new Set(gone.map(({ id }) => id)));
    },
    async *readRows(ids) {
      const { unreadable } = await listing();
      if (ids.length === 0 && unreadable === 0) return;
      const wanted = new Set(ids);
      for await (const { rows, bytes, held } of linkedPages(jsonClient, list)) {
        yield { ...selectRows(rows, wanted), bytes, held };
      }
    },
    async *readHistory({ id }, { singleAttempt }) {
      const path = `runs/${projectPath}/${encodeURIComponent(id)}/history`;
      yield* readRestHistory(jsonClient, { path, singleAttempt });
    },
  };
}

interface RestListing extends Listing<ListedRun> {
  /** Rows without an id. */
  readonly unreadable: number;
}

async function listAll(pages: ReturnType<typeof linkedPages>): Promise<RestListing> {
  const date = Date.now();
  const runs = new Map<string, ListedRun>();
  let unreadable = 0;
  for await (const { rows, held } of pages) {
    held?.[Symbol.dispose]();
    for (const row of rows) {
      const run = parseRun(row, date);
      if (run) runs.set(run.id, run);
      else unreadable += 1;
    }
  }
  const doubt = pages.complete ? undefined : "a page of it could not be read";
  const common = { isFull: true, provesAbsence: false, hidden: 0 };
  return { ...common, items: runs, doubt, date, unreadable };
}

/** The wanted runs of a page, and those without an id, which are reported. */
function selectRows(
  rows: readonly string[],
  wanted: ReadonlySet<string>,
): Pick<RunRows, "texts" | "runs"> {
  const date = Date.now();
  const selected = rows
    .map((text) => ({ text, run: parseRun(text, date) }))
    .filter(({ run }) => !run || wanted.has(run.id));
  return {
    texts: selected.map(({ text }) => text),
    runs: selected.flatMap(({ run }) => run ?? []),
  };
}

const text = z.string().catch("");
const runShape = z.object({
  id: z.union([z.string().min(1), z.number().transform(String)]),
  createdAt: text,
  updatedAt: text,
  state: text,
});

/** Undefined if the run has no id. */
function parseRun(row: string, date: number): ListedRun | undefined {
  const found = runShape.safeParse(JSON.parse(row)).data;
  if (!found) return undefined;
  const updated = Date.parse(toTimestamp(found.updatedAt) ?? "");
  const lastChange = Number.isNaN(updated) ? undefined : updated;
  // Nothing else tells of a change, so the row as a whole does.
  const digest = shortDigest(row);
  return {
    id: found.id,
    created: toTimestamp(found.createdAt) ?? "",
    lastChange,
    isRunning: found.state === "running",
    lineCount: undefined,
    fields: digest,
    activity: digest,
    isSettling: lastChange === undefined || lastChange > date - settlingMs,
  };
}
