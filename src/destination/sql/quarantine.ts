import { sql, type RawBuilder } from "kysely";
import type { QuarantineReason } from "../../core/destination.ts";
import { isPartitionKey, partitionKey } from "../../core/partition-key.ts";
import type { QuarantinedEntry, Rejected } from "../../core/source.ts";
import { currentTimestamp } from "../../core/timestamp.ts";
import { chunks } from "./chunks.ts";
import type { Transaction } from "./dialect.ts";
import { formatLocation, type EntryLocation } from "./entry-location.ts";
import { boundedKey } from "./key-text.ts";
import type { LeasedTransactions } from "./leased-transactions.ts";
import { readQuarantineReasons } from "./quarantine-reasons.ts";
import { escapeUnstorable, unescapeUnstorable } from "./text-escaping.ts";

/** Entries that one write adds or removes (undefined), by stream and key. */
export class QuarantineChanges {
  readonly byStream = new Map<string, Map<string, Rejected | undefined>>();

  constructor(from?: QuarantineChanges) {
    for (const [stream, entries] of from?.byStream ?? []) {
      this.byStream.set(stream, new Map(entries));
    }
  }

  /** Adds, replaces or (undefined) removes an entry. */
  set(stream: string, key: string, entry: Rejected | undefined): void {
    const entries = this.byStream.get(stream) ?? new Map<string, Rejected | undefined>();
    this.byStream.set(stream, entries.set(boundedKey(key), entry));
  }
}

interface CachedEntry extends QuarantinedEntry {
  readonly isSettled: boolean;
  /** Whether this session has written it. */
  readonly isFromThisSession: boolean;
}

/** `settled` as 1 or 0, because drivers represent booleans differently. */
const asNumber = sql<number | string | bigint>`case when settled then 1 else 0 end`;

const storedColumns = ["payload", "reason", "place", "settled"] as const;

/** Whether an upsert changes the entry; the time of the rejection alone is no change. */
const isChanged = sql<boolean>`${columnsOf("_rivulet_quarantine")}
  is distinct from ${columnsOf("excluded")}`;

function columnsOf(table: string): RawBuilder<unknown> {
  return sql`(${sql.join(storedColumns.map((column) => sql.id(table, column)))})`;
}

function cachedEntry(key: string, { where = {}, settled = false }: Rejected): CachedEntry {
  return { key, where, isSettled: settled, isFromThisSession: true };
}

/**
 * A pipeline's entries in `_rivulet_quarantine`. Keys and locations are cached in memory, so that a
 * write that concerns no entry sends no query.
 */
export class Quarantine {
  readonly #pipeline: string;
  readonly #cache = new Map<string, Map<string, CachedEntry>>();

  constructor(pipeline: string) {
    this.#pipeline = pipeline;
  }

  /** Fills the cache. Call once, before any other method. */
  async load(tx: Transaction): Promise<void> {
    const rows = await tx.db
      .selectFrom("_rivulet_quarantine")
      .select(["stream", "key", "place", asNumber.as("settled")])
      .where("pipeline", "=", this.#pipeline)
      .execute();
    for (const { stream, place, settled, ...row } of rows) {
      const key = unescapeUnstorable(row.key);
      const where = JSON.parse(unescapeUnstorable(place ?? "{}")) as EntryLocation;
      const entry = { key, where, isSettled: Number(settled) === 1, isFromThisSession: false };
      this.#entries(unescapeUnstorable(stream)).set(key, entry);
    }
  }

  /** Whether the stream has entries, or `changes` contains some of it. */
  hasEntries(stream: string, changes: QuarantineChanges): boolean {
    return (this.#cache.get(stream)?.size ?? 0) > 0 || changes.byStream.has(stream);
  }

  /** The number of entries that are not settled. */
  count(streams: readonly string[]): number {
    const all = streams.reduce((sum, stream) => sum + (this.#cache.get(stream)?.size ?? 0), 0);
    return all - this.countSettled(streams);
  }

  /** The number of settled entries. */
  countSettled(streams: readonly string[]): number {
    const entries = streams.flatMap((stream) => [...(this.#cache.get(stream)?.values() ?? [])]);
    return entries.filter(({ isSettled }) => isSettled).length;
  }

  /** The entries that are not settled, without those of partitions. */
  open(stream: string): readonly QuarantinedEntry[] {
    const entries = [...(this.#cache.get(stream)?.values() ?? [])];
    return entries.filter(({ key, isSettled }) => !isSettled && !isPartitionKey(key));
  }

  /** Why these streams have entries that are not settled. */
  async reasons(
    transactions: Pick<LeasedTransactions, "run">,
    streams: readonly string[],
  ): Promise<readonly QuarantineReason[]> {
    if (this.count(streams) === 0) return [];
    const all = await transactions.run((tx) => readQuarantineReasons(tx, this.#pipeline));
    return streams.flatMap((name) => all.filter(({ stream }) => stream === name));
  }

  /** Removes a partition's entry, once the partition has a checkpoint. */
  removePartition(stream: string, partition: string, changes: QuarantineChanges): void {
    if (this.hasEntries(stream, changes)) changes.set(stream, partitionKey(partition), undefined);
  }

  /** Removes the entries that a sweep covers, except those of this session: they are up to date. */
  removeSwept(
    stream: string,
    isCovered: (key: string, location: EntryLocation) => boolean,
    changes: QuarantineChanges,
  ): void {
    const changed = changes.byStream.get(stream);
    for (const [key, { where, isFromThisSession }] of this.#entries(stream)) {
      if (isFromThisSession || changed?.has(key)) continue;
      if (isCovered(key, where)) changes.set(stream, key, undefined);
    }
  }

  /** Removes all entries, or those of one stream. */
  async clear(tx: Transaction, stream?: string): Promise<void> {
    const all = tx.db.deleteFrom("_rivulet_quarantine").where("pipeline", "=", this.#pipeline);
    await (
      stream === undefined ? all : all.where("stream", "=", escapeUnstorable(stream))
    ).execute();
  }

  /** Updates the cache after a `clear` was committed. */
  afterClear(stream?: string): void {
    if (stream === undefined) this.#cache.clear();
    else this.#cache.delete(stream);
  }

  /** Writes changes to the database; `afterCommit` then updates the cache. */
  async save(tx: Transaction, changes: QuarantineChanges): Promise<void> {
    for (const [stream, entries] of changes.byStream) {
      const cached = this.#cache.get(stream);
      const removed = [...entries].filter(([key, entry]) => !entry && cached?.has(key));
      await this.#remove(
        tx,
        stream,
        removed.map(([key]) => key),
      );
      const added = [...entries].flatMap(([key, entry]) => (entry ? [{ ...entry, key }] : []));
      await this.#add(tx, stream, added);
    }
  }

  /** Updates the cache after a `save` was committed. */
  afterCommit(changes: QuarantineChanges): void {
    for (const [stream, entries] of changes.byStream) {
      const cached = this.#entries(stream);
      for (const [key, entry] of entries) {
        if (entry) cached.set(key, cachedEntry(key, entry));
        else cached.delete(key);
      }
    }
  }

  async #remove(tx: Transaction, stream: string, keys: readonly string[]): Promise<void> {
    for (const chunk of chunks(keys, 500)) {
      await tx.db
        .deleteFrom("_rivulet_quarantine")
        .where("pipeline", "=", this.#pipeline)
        .where("stream", "=", escapeUnstorable(stream))
        .where("key", "in", chunk.map(escapeUnstorable))
        .execute();
    }
  }

  async #add(tx: Transaction, stream: string, entries: readonly Rejected[]): Promise<void> {
    for (const chunk of chunks(entries, 100)) {
      const rows = chunk.map(({ key, payload, reason, where = {}, settled = false }) => ({
        pipeline: this.#pipeline,
        stream: escapeUnstorable(stream),
        key: escapeUnstorable(key),
        payload: escapeUnstorable(payload),
        reason: escapeUnstorable(reason),
        when: currentTimestamp(),
        place: escapeUnstorable(formatLocation(where)),
        settled: sql.lit(settled),
      }));
      await tx.db
        .insertInto("_rivulet_quarantine")
        .values(rows)
        .onConflict((conflict) =>
          conflict
            .columns(["pipeline", "stream", "key"])
            .doUpdateSet({
              payload: sql`excluded.payload`,
              reason: sql`excluded.reason`,
              when: sql`excluded."when"`,
              place: sql`excluded.place`,
              settled: sql<boolean>`excluded.settled`,
            })
            .where(isChanged),
        )
        .execute();
    }
  }

  #entries(stream: string): Map<string, CachedEntry> {
    const entries = this.#cache.get(stream) ?? new Map<string, CachedEntry>();
    this.#cache.set(stream, entries);
    return entries;
  }
}
