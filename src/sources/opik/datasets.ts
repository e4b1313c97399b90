import { createHash } from "node:crypto";
import { members, plain } from "../../json/text-scanner.ts";
import { SourceError } from "../../core/errors.ts";
import type { Client } from "../../http/client.ts";
import { isCompleteListing, missingRows } from "../../http/paging/page.ts";
import { numberedPages } from "../../http/paging/numbered-pages.ts";
import { apiPath } from "./client.ts";
import type { OpikConfig } from "./config.ts";

/** Under which name a list stands in an answer; `items` is the one in the first connector's documentation. */
export const rowKeys = ["content", "items"] as const;

/** What has to be known of a dataset to read its items. */
export interface Dataset {
  readonly id: string;
  readonly name: string;
  /** Whether no other dataset of the workspace has this name. */
  readonly hasOwnName: boolean;
  /** Pins a read, where the server keeps versions. */
  readonly versionHash: string | undefined;
  /**
   * Differs once the items do; undefined where the server tells nothing of the kind. The hash alone does not: a server
   * may add items to the latest version in place.
   */
  readonly fingerprint: string | undefined;
  /** How many items the server says it has. */
  readonly items: number;
}

export interface DatasetList {
  readonly datasets: readonly Dataset[];
  /** Whether a dataset that is not in the list is gone. */
  readonly complete: boolean;
  /** How many datasets the service counts besides those that it shows. */
  readonly missing: number;
}

/** How often a list that does not show all that it counts is read. */
const maxReads = 3;

/** All datasets of the workspace. */
export async function listDatasets(client: Client, config: OpikConfig): Promise<DatasetList> {
  let list = await listOnce(client, config);
  for (let walks = 1; walks < maxReads && list.missing > 0; walks += 1) {
    list = await listOnce(client, config);
  }
  return list;
}

async function listOnce(client: Client, config: OpikConfig): Promise<DatasetList> {
  const mapping = mappingDigest(config);
  const found = new Map<string, Omit<Dataset, "hasOwnName">>();
  const pages = numberedPages(client, {
    path: `${apiPath}/datasets`,
    rowKeys,
    size: config.page_size,
  });
  for await (const page of pages) {
    for (const row of page.rows) {
      const dataset = parseDataset(row, mapping);
      found.set(dataset.id, dataset);
    }
  }
  return {
    datasets: markUniqueNames([...found.values()]),
    complete: isCompleteListing(pages, found.size),
    missing: missingRows(pages, found.size),
  };
}

function markUniqueNames(datasets: readonly Omit<Dataset, "hasOwnName">[]): Dataset[] {
  const uses = new Map<string, number>();
  for (const { name } of datasets) uses.set(name, (uses.get(name) ?? 0) + 1);
  return datasets.map((dataset) => ({ ...dataset, hasOwnName: uses.get(dataset.name) === 1 }));
}

/** Names of the columns' keys as a few characters: where they change, unchanged items become other rows. */
function mappingDigest({ inputs_keys, outputs_keys, metadata_keys }: OpikConfig): string {
  const names = JSON.stringify([inputs_keys, outputs_keys, metadata_keys]);
  return createHash("sha256").update(names).digest("hex").slice(0, 8);
}

function parseDataset(row: string, mapping: string): Omit<Dataset, "hasOwnName"> {
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
      changed === undefined ? undefined : [changed, text("dataset_items_count"), mapping].join(" "),
    items: Number(text("dataset_items_count")) || 0,
  };
}
