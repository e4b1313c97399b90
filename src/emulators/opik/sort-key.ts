import { plainText } from "./json.ts";
import type { Json } from "./json.ts";

/** Text that sorts as the value does: timestamps lose their `Z`, so "…00Z" is before "…00.5Z". */
export function sortKey(value: Json | undefined): string {
  const text = plainText(value ?? "");
  return /^\d{4}-\d\d-\d\dT.*Z$/.test(text) ? text.slice(0, -1) : text;
}
