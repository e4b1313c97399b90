import { createHash } from "node:crypto";
import { SourceError } from "../../core/errors.ts";
import type { Client } from "../../http/client.ts";
import { numberedPages } from "../../http/paging/numbered-pages.ts";
import { isCompleteListing, missingRows } from "../../http/paging/page.ts";
import { members, plain } from "../../json/text-scanner.ts";
import { apiPath } from "./client.ts";
import type { OpikConfig } from "./config.ts";

/**
 * The members of a response that may hold its rows. `items` is what the original connector
 * documents.
 */
export const rowKeys = ["content", "items"] as const;

/** What we need to know about a dataset to read its items. */
export interface Dataset {
  readonly id: string;
  readonly name: string;
  /** Whether no other dataset of the workspace has the same name. */
  readonly hasUniqueName: boolean;
  /** The version to pin a read to. Undefined if the server has no versions. */
  readonly versionHash: string | undefined;
  /**
   * Changes whenever the items change. Undefined if the server sends nothing to derive it from.
   * The version hash is not enough: a server may add items to the latest version in place.
   */
  readonly fingerprint: string | undefined;
  /** The service's item count; 0 if it does not send one. */
  readonly items: number;
}

/** The datasets of a workspace. */
export interface DatasetList {
  readonly datasets: readonly Dataset[];
  /** Whether the listing was complete, so that a dataset not in it was deleted. */
  readonly complete: boolean;
  /** How many datasets the service counts but did not list. */
  readonly missing: number;
}

/** Attempts to get a listing that has as many datasets as the service counts. */
const maxReads = 3;

/** Lists all datasets of the workspace. */
export async function listDatasets(client: Client, config: OpikConfig): Promise<DatasetList> {
  let list = await listOnce(client, config);
  for (let reads = 1; reads < maxReads && list.missing > 0; reads += 1) {
    list = await listOnce(client, config);
  }
  return list;
}

async function listOnce(client: Client, config: OpikConfig): Promise<DatasetList> {
  const digest = mappingDigest(config);
  const found = new Map<string, Omit<Dataset, "hasUniqueName">>();
  const pages = numberedPages(client, {
    path: `${apiPath}/datasets`,
    rowKeys,
    size: config.page_size,
  });
  for await (const page of pages) {
    for (const row of page.rows) {
      const dataset = parseDataset(row, digest);
      found.set(dataset.id, dataset);
    }
  }
  return {
    datasets: markUniqueNames([...found.values()]),
    complete: isCompleteListing(pages, found.size),
    missing: missingRows(pages, found.size),
  };
}

function markUniqueNames(datasets: readonly Omit<Dataset, "hasUniqueName">[]): Dataset[] {
  const uses = new Map<string, number>();
  for (const { name } of datasets) uses.set(name, (uses.get(name) ?? 0) + 1);
  return datasets.map((dataset) => ({ ...dataset, hasUniqueName: uses.get(dataset.name) === 1 }));
}

/** Part of the fingerprint: with other `*_keys`, unchanged items become different rows. */
function mappingDigest({ inputs_keys, outputs_keys, metadata_keys }: OpikConfig): string {
  const names = JSON.stringify([inputs_keys, outputs_keys, metadata_keys]);
  return createHash("sha256").update(names).digest("hex").slice(0, 8);
}

function parseDataset(row: string, digest: string): Omit<Dataset, "hasUniqueName"> {
  const object = members(row);
  const id = plain(object?.get("id"));
  if (!object || id === undefined)
    throw new SourceError(`${apiPath}/datasets: expected objects with an id`);
  const text = (name: string): string => plain(object.get(name)) ?? "";
  const version = members(object.get("latest_version") ?? "");
  const versionHash = plain(version?.get("version_hash"));
  const changed = versionHash ?? plain(object.get("last_updated_at"));
  return {
    id,
    name: text("name"),
    versionHash,
    fingerprint:
      changed === undefined ? undefined : [changed, text("dataset_items_count"), digest].join(" "),
    items: Number(text("dataset_items_count")) || 0,
  };
}
