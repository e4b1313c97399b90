import { firstPresent } from "../../json/row-mapper.ts";
import { ObjectReader, type Members } from "../../json/object-reader.ts";
import type { Value } from "../../core/schema.ts";
import type { RowDeclaration } from "../../http/paging/page-mapper.ts";
import type { OpikConfig } from "./config.ts";
import { itemColumns } from "./tables.ts";

type ItemKeys = Pick<OpikConfig, "inputs_keys" | "outputs_keys" | "metadata_keys">;

/** Members of an item that need no column: an old name of `id`, and what belongs to other tables. */
const ignoredMembers = ["dataset_item_id", "experiment_items", "run_summaries_by_experiment"];

/**
 * How dataset items become rows. The service has one free-form `data` object; `inputs`, `outputs` and `metadata` are the item's own
 * member of such a name, else that of `data`, the first that is present.
 */
export function itemDeclaration(keys: ItemKeys): RowDeclaration {
  const named = [...keys.inputs_keys, ...keys.outputs_keys, ...keys.metadata_keys];
  const data = new ObjectReader();
  return {
    name: "opik_dataset_item",
    columns: itemColumns,
    primaryKey: ["item_id"],
    fields: { item_id: "id" },
    required: ["item_id", "created_at"],
    known: [...ignoredMembers, ...named],
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
