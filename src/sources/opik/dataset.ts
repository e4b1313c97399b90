import { members, plain } from "../../json/text-scanner.ts";
import type { OpikObject } from "./workspace-lists.ts";

/** A dataset, as the list of datasets shows it. */
export interface Dataset {
  readonly id: string;
  readonly name: string;
  /** Its latest version; undefined if it has none. */
  readonly version: { readonly id: string; readonly hash: string } | undefined;
  /** The service's item count, which may be wrong; undefined if it sends none. */
  readonly items: number | undefined;
}

/** Parses a dataset of the list. */
export function parseDataset({ id, row }: OpikObject): Dataset {
  const object = members(row);
  const version = members(object?.get("latest_version") ?? "");
  const hash = plain(version?.get("version_hash"));
  const count = plain(object?.get("dataset_items_count"));
  return {
    id,
    name: plain(object?.get("name")) ?? "",
    version: hash === undefined ? undefined : { id: plain(version?.get("id")) ?? "", hash },
    items: count === undefined ? undefined : Number(count),
  };
}
