import { createHash } from "node:crypto";
import type { OpikDataset } from "./dataset.ts";
import { countError } from "./faults.ts";
import { VersionedItem } from "./item-history.ts";
import { parseItemFilters } from "./filters.ts";
import { replicatedItems } from "./replica-lag.ts";
import type { RequestContext } from "./request-context.ts";
import { dropwizardError } from "./response.ts";

/** Which items of a dataset a request selects. */
export interface RowSelection {
  /** The number of the version; 0 for what was written without one. */
  readonly number: number;
  /** The `filters` parameter: a JSON array. */
  readonly filters?: string | null | undefined;
}

/** The selected items of a dataset, newest id first. Throws a ResponseError. */
export function selectRows(
  { faults, workspace }: RequestContext,
  dataset: OpikDataset,
  { number, filters }: RowSelection,
): readonly VersionedItem[] {
  if (dataset.id === faults.brokenDataset)
    throw dropwizardError(500, "There was an error processing your request.");
  const shown = replicatedItems(faults, dataset, { number, nowMs: workspace.clock.nowMs });
  const rows = faults.rowIds ? withRowIds(shown, dataset, number) : shown;
  if (!filters) return rows;
  const passes = parseItemFilters(filters);
  return rows.filter(({ item }) => passes(item));
}

/** The `total` of a page of these rows. */
export function rowTotal(
  { faults }: RequestContext,
  dataset: OpikDataset,
  rows: readonly VersionedItem[],
): number {
  return Math.max(0, rows.length + countError(faults.wrongTotal, dataset.id));
}

/** The items as their rows in a version, newest row first. Each version has rows of its own. */
function withRowIds(
  items: readonly VersionedItem[],
  dataset: OpikDataset,
  number: number,
): readonly VersionedItem[] {
  const version = dataset.versions[number - 1];
  if (!version) return items;
  const rows = items.map(({ item }) => ({
    ...item,
    id: rowId(version.id, item.id),
    dataset_item_id: item.id,
  }));
  return rows.sort((a, b) => (a.id < b.id ? 1 : -1)).map((row) => new VersionedItem(row));
}

/** A UUIDv7 with the time of the version. */
function rowId(version: string, item: string): string {
  const digits = createHash("sha256").update(`${version} ${item}`).digest("hex");
  return `${version.slice(0, 13)}-7${digits.slice(0, 3)}-8${digits.slice(3, 6)}-${digits.slice(6, 18)}`;
}
