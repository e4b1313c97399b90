import { createHash } from "node:crypto";
import { members } from "../json/text-scanner.ts";

/** The key column of streams without `key_properties`. */
export const recordKeyColumn = "__sdc_primary_key";

/** Per generation; beyond two generations, a repeated record may get the key of an older one. */
const maxHashes = 250_000;

/**
 * Derives keys for records without one: a content hash, plus the number of equal records before it
 * in this run. Equal records stay separate rows, and the same input gives the same rows. Members
 * that taps and targets add (`_sdc_…`) are ignored, because they may differ each time.
 */
export class RecordKeys {
  #recent = new Map<string, number>();
  #older = new Map<string, number>();

  /** The key of a record, given as JSON text. */
  keyFor(record: string): string {
    const hash = hashContent(record);
    const before = this.#countOf(hash);
    this.#setCount(hash, before + 1);
    return formatKey(hash, before);
  }

  /** The key of a deleted record: of equal ones, the last. */
  keyForDeleted(record: string): string {
    const hash = hashContent(record);
    const before = Math.max(0, this.#countOf(hash) - 1);
    this.#setCount(hash, before);
    return formatKey(hash, before);
  }

  #countOf(hash: string): number {
    return this.#recent.get(hash) ?? this.#older.get(hash) ?? 0;
  }

  #setCount(hash: string, count: number): void {
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
