import { RawJson } from "../raw-json.ts";
import type { OpikDataset } from "./dataset.ts";
import { countError } from "./faults.ts";
import type { OpikFaults } from "./faults.ts";
import type { VersionedItem } from "./item-history.ts";
import { entityJson, jsonText } from "./json.ts";
import type { Json, Members } from "./json.ts";
import type { OpikVersion } from "./version.ts";

/**
 * A dataset as JSON, with its counts and latest version. The number of items is that of the latest
 * version, and counted only if that does not have it.
 */
export function datasetJson(dataset: OpikDataset, faults: OpikFaults): string {
  const counted = dataset.versions.at(-1)?.items_total ?? -1;
  return entityJson({
    ...dataset.entity,
    experiment_count: 0,
    dataset_items_count:
      counted < 0 ? dataset.size : counted + countError(faults.inflatedCount, dataset.id),
    optimization_count: 0,
    latest_version: latestVersion(dataset),
  });
}

/** A dataset version as JSON. */
export function versionJson(
  dataset: OpikDataset,
  version: OpikVersion,
  { inflatedCount }: OpikFaults,
): string {
  const is_latest = version === dataset.versions.at(-1);
  const counted = version.items_total;
  const items_total = counted < 0 ? counted : counted + countError(inflatedCount, dataset.id);
  return entityJson({ ...version, items_total, is_latest, tags: is_latest ? ["latest"] : [] });
}

/** The JSON of an item; `truncate` replaces embedded images by a placeholder. */
export function itemJson(text: string, truncate: boolean): string {
  return truncate ? text.replace(/"data:image\/[^"]*"/g, '"[image]"') : text;
}

/** An item as JSON, in the shape that the original connector's documentation describes. */
export function documentedItemJson({ item }: VersionedItem): string {
  const data = isObject(item.data) ? item.data : {};
  return entityJson({
    id: item.id,
    dataset_id: item["dataset_id"],
    inputs: data["inputs"] ?? data["input"],
    outputs: data["outputs"] ?? data["output"] ?? data["expected_output"],
    metadata: data["metadata"],
    created_at: item["created_at"],
  });
}

/** The `columns` of a page of items: the members of their `data`, with the types found. */
export function columnsJson(rows: readonly VersionedItem[]): string {
  const types = new Map<string, Set<string>>();
  for (const { item } of rows) {
    for (const [name, value] of Object.entries(isObject(item.data) ? item.data : {})) {
      types.set(name, (types.get(name) ?? new Set()).add(typeOf(value)));
    }
  }
  const columns = [...types].map(([name, found]) => ({
    name,
    types: [...found],
    filter_field_prefix: "data",
    filterField: `data.${name}`,
  }));
  return jsonText(columns);
}

function latestVersion({ versions }: OpikDataset): Members | undefined {
  const version = versions.at(-1);
  if (!version) return undefined;
  const { id, version_hash, version_name } = version;
  return { id, version_hash, version_name, tags: ["latest"] };
}

function isObject(value: Json): value is Members {
  return typeOf(value) === "object" && !(value instanceof RawJson);
}

function typeOf(value: Json | undefined): string {
  if (value === null || value === undefined) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}
