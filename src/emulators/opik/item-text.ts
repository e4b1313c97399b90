import { RawJson } from "../raw-json.ts";
import type { OpikFaults } from "./faults.ts";
import { VersionedItem } from "./item-history.ts";
import type { Json } from "./json.ts";
import { dropwizardError } from "./response.ts";

/**
 * An item as the caller gets it: JSON that a fault may have redacted or broken. Throws a 500
 * ResponseError for an item that can't be delivered at all.
 */
export function itemText({ redaction, undeliverable }: OpikFaults, row: VersionedItem): string {
  const hides = redaction && redaction.permission !== "granted";
  const { text } = hides ? redacted(row, redaction.fields) : row;
  if (!undeliverable || !isItem(row, undeliverable.item)) return text;
  switch (undeliverable.how) {
    case "status":
      throw dropwizardError(500, "There was an error processing your request.");
    case "nan":
      return `${text.slice(0, -1)},"score":NaN}`;
    case "brokenJson":
      return text.slice(0, text.length / 2);
  }
}

/** Whether a row is the item with this id, by whichever of its two ids. */
export function isItem({ item }: VersionedItem, id: string): boolean {
  return item.id === id || item["dataset_item_id"] === id;
}

function redacted(row: VersionedItem, fields: readonly string[]): VersionedItem {
  const { data } = row.item;
  if (data === null || typeof data !== "object" || Array.isArray(data) || data instanceof RawJson)
    return row;
  const hide = ([name, value]: [string, Json | undefined]): [string, Json | undefined] => [
    name,
    fields.includes(name) ? "[REDACTED]" : value,
  ];
  return new VersionedItem({
    ...row.item,
    data: Object.fromEntries(Object.entries(data).map(hide)),
  });
}
