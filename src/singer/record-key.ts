import { createHash } from "node:crypto";
import { members } from "../json/text-scanner.ts";

/** The key of records whose stream has none. */
export const recordKeyColumn = "__sdc_primary_key";

/** So many different records are told from those that came before; older ones may count as the same when they come again. */
const maxHashes = 250_000;

/**
 * Keys for records without one: a hash of what is in them, and the number of records that were equal before it in this run. So no two records
 * become one, and the same input twice makes the same rows. What targets and taps add for themselves (`_sdc_…`), which may differ each time, does
 * not count.
 */
export class RecordKeys {
  #recent = new Map<string, number>();
  #older = new Map<string, number>();

  keyFor(record: string): string {
    const hash = hashContent(record);
    const before = this.#countOf(hash);
    this.#note(hash, before + 1);
    return formatKey(hash, before);
  }

  /** The key of a record that is gone: of those that are equal, the last one. */
  keyForDeleted(record: string): string {
    const hash = hashContent(record);
    const before = Math.max(0, this.#countOf(hash) - 1);
    this.#note(hash, before);
    return formatKey(hash, before);
  }

  #countOf(hash: string): number {
    return this.#recent.get(hash) ?? this.#older.get(hash) ?? 0;
  }

  #note(hash: string, count: number): void {
    if (this.#recent.size >= maxHashes) {
      this.#older = this.#recent;
      this.#recent = new Map();
    }
    this.#recent.set(hash, count);
  }
}

function formatKey(hash: string, before: number): string {
  return before === 0 ? hash : `${hash}-${before}`;
}

function hashContent(record: string): string {
  const content = [...(members(record) ?? [])]
    .filter(([name, slice]) => !name.startsWith("_sdc_") && slice !== "null")
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash("sha256").update(JSON.stringify(content)).digest("hex").slice(0, 32);
}
