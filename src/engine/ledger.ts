import { z } from "zod";
import type { Checkpoints, StreamBatch } from "../core/source.ts";

/** Entries per block: few enough to write a block with each commit, many enough to load quickly. */
const blockSize = 256;

/** Begins the partition of a block, after the ledger's prefix. */
const blockMark = "#";

/** Precedes the entry of an item that was missing from the last listing. */
const missedMark = "?";

const blockShape = z.object({
  /** What the entries depend on. */
  scope: z.string(),
  /** Entries by id. An empty one means that the item must be read again. */
  entries: z.custom<Readonly<Record<string, string>>>((value) => value instanceof Object),
});

/**
 * Remembers what was read of each item (a run, a dataset), as a short text per item. Kept in a
 * stream's checkpoints, in blocks of 256 in the order in which the items were first read.
 *
 * An entry is valid in the scope that it was written in; in any other, only the id is known. An
 * entry holds what was seen before or while an item was read, never after.
 */
export class Ledger {
  readonly #prefix: string;
  readonly #scope: string;
  readonly #blocks = new Map<number, Map<string, string>>();
  readonly #blockOf = new Map<string, number>();
  readonly #changed = new Set<number>();
  /** The block that new items are added to. */
  #last = 0;

  /**
   * @param prefix - What the partitions of its blocks begin with, apart from the block's number.
   * @param scope - What the entries depend on: filters, patterns, the version of the columns.
   */
  constructor(checkpoints: Checkpoints, prefix: string, scope: string) {
    this.#prefix = prefix + blockMark;
    this.#scope = scope;
    for (const [partition, checkpoint] of checkpoints) {
      if (!partition.startsWith(this.#prefix)) continue;
      const block = blockShape.safeParse(checkpoint).data;
      if (block) this.#load(Number(partition.slice(this.#prefix.length)), block);
    }
  }

  /** The ids of all items, whether or not their entries are valid. */
  ids(): IterableIterator<string> {
    return this.#blockOf.keys();
  }

  /** Whether an item has an entry, valid or not. */
  has(id: string): boolean {
    return this.#blockOf.has(id);
  }

  /** The entry of an item; undefined if the item must be read again. */
  get(id: string): string | undefined {
    const entry = this.#text(id)?.replace(missedMark, "");
    return entry === "" ? undefined : entry;
  }

  /** Sets an item's entry; an empty one means that the item must be read again. */
  set(id: string, entry: string): void {
    const number = this.#blockOf.get(id) ?? this.#lastBlock();
    const block = this.#blocks.get(number) ?? new Map<string, string>();
    if (block.get(id) === entry) return;
    this.#blocks.set(number, block.set(id, entry));
    this.#blockOf.set(id, number);
    this.#changed.add(number);
  }

  /** Records whether the listing shows an item. Returns whether the previous one lacked it. */
  note(id: string, isShown: boolean): boolean {
    const text = this.#text(id) ?? "";
    const wasMissed = text.startsWith(missedMark);
    if (isShown && wasMissed) this.set(id, text.slice(missedMark.length));
    if (!isShown && !wasMissed) this.set(id, missedMark + text);
    return wasMissed;
  }

  /** Forgets an item. */
  delete(id: string): void {
    const number = this.#blockOf.get(id);
    if (number === undefined) return;
    this.#blocks.get(number)?.delete(id);
    this.#blockOf.delete(id);
    this.#changed.add(number);
  }

  /** Invalidates all entries, so that everything is read again. */
  invalidate(): void {
    for (const id of this.#blockOf.keys()) this.set(id, "");
  }

  /** The checkpoints of the blocks that changed since the last call. */
  *changes(): Generator<StreamBatch> {
    for (const number of this.#changed) {
      const block = this.#blocks.get(number) ?? new Map<string, string>();
      const partition = `${this.#prefix}${number}`;
      const checkpoint = { scope: this.#scope, entries: snapshotOf(block) };
      yield { rows: [], bytes: 0, partition, checkpoint: block.size === 0 ? null : checkpoint };
    }
    this.#changed.clear();
  }

  #text(id: string): string | undefined {
    return this.#blocks.get(this.#blockOf.get(id) ?? -1)?.get(id);
  }

  #load(number: number, { scope, entries: stored }: z.output<typeof blockShape>): void {
    this.#last = Math.max(this.#last, number);
    const isValid = scope === this.#scope;
    // Under the old scope they would be valid again, although rows of the new one may be written.
    if (!isValid) this.#changed.add(number);
    const entries = Object.entries(stored).map(
      ([id, entry]) => [id, isValid ? entry : ""] as const,
    );
    this.#blocks.set(number, new Map(entries));
    for (const [id] of entries) this.#blockOf.set(id, number);
  }

  /** The block for a new item. */
  #lastBlock(): number {
    const size = this.#blocks.get(this.#last)?.size ?? 0;
    if (size >= blockSize) this.#last += 1;
    return this.#last;
  }
}

/** A block's entries as they are now. Four times as fast as `Object.fromEntries`. */
function snapshotOf(block: ReadonlyMap<string, string>): Readonly<Record<string, string>> {
  // Without a prototype, any id may be a key.
  const entries = Object.setPrototypeOf({}, null) as Record<string, string>;
  for (const [id, entry] of block) entries[id] = entry;
  return entries;
}

/** Whether a partition, without the ledger's prefix, is one of its blocks. */
export function isLedgerBlock(partition: string): boolean {
  return partition.startsWith(blockMark);
}
