import { idText, members } from "../../json/text-scanner.ts";

/** Whether ids come in strictly descending order. */
export function descend(ids: readonly string[]): boolean {
  return ids.every((id, index) => index === 0 || id < (ids[index - 1] ?? ""));
}

/** Most services send the id first; reading all members takes longer. */
const leadingId = /^\{\s*"id"\s*:\s*"([^"\\]*)"/;

/** The `id` of a row, given as JSON text; empty if it has none. */
export function idOf(row: string): string {
  return leadingId.exec(row)?.[1] ?? idText(members(row)?.get("id")) ?? "";
}
