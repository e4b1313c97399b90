import type { Value } from "../../core/schema.ts";
import type { RowDeclaration } from "../../http/paging/page-mapper.ts";
import { ObjectReader, type Members } from "../../json/object-reader.ts";
import { firstPresent } from "../../json/row-mapper.ts";
import type { OpikConfig } from "./config.ts";
import { itemColumns } from "./tables.ts";

type ItemKeys = Pick<
  OpikConfig,
  "inputs_keys" | "outputs_keys" | "metadata_keys" | "dataset_item_key"
>;

/** Members without a column: data that belongs to other tables. */
const ignoredMembers = ["id", "experiment_items", "run_summaries_by_experiment"];

/**
 * Declares how dataset items become rows. `inputs`, `outputs` and `metadata` are the first of the
 * configured members that the item has; else the first in its free-form `data` object.
 */
export function itemDeclaration(keys: ItemKeys): RowDeclaration {
  const configured = [...keys.inputs_keys, ...keys.outputs_keys, ...keys.metadata_keys];
  const data = new ObjectReader();
  return {
    name: "opik_dataset_item",
    columns: itemColumns,
    primaryKey: keys.dataset_item_key === "item" ? ["item_id"] : ["dataset_id", "item_id"],
    // On servers of early 2026, `id` is the id of the item's row in one version.
    fields: { item_id: ["dataset_item_id", "id"] },
    required: ["item_id", "created_at"],
    known: [...ignoredMembers, ...configured],
    derive: (item) => deriveColumns(item, { keys, data: data.read(item.get("data") ?? "") }),
  };
}

function deriveColumns(
  item: Members,
  { keys, data }: { readonly keys: ItemKeys; readonly data: Members | undefined },
): Readonly<Record<string, Value>> {
  const first = (names: readonly string[]): string | undefined =>
    firstPresent(item, names) ?? (data && firstPresent(data, names));
  return {
    inputs: first(keys.inputs_keys),
    outputs: first(keys.outputs_keys),
    metadata: first(keys.metadata_keys),
  };
}
