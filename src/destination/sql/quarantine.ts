import { partitionKey } from "../../core/partition-key.ts";
import { sql } from "kysely";
import type { Rejected } from "../../core/source.ts";
import { boundedKey } from "./key-text.ts";
import { formatLocation, type EntryLocation } from "./entry-location.ts";
import type { Transaction } from "./dialect.ts";
import { chunks } from "./chunks.ts";
import { escapeUnstorable, unescapeUnstorable } from "./text-escaping.ts";
import { currentTimestamp } from "../../core/timestamp.ts";

/** What one write changes in quarantine: entries by stream and key; undefined for one that is removed. */
export class QuarantineChanges {
  readonly byStream = new Map<string, Map<string, Rejected | undefined>>();

  constructor(from?: QuarantineChanges) {
    for (const [stream, entries] of from?.byStream ?? []) {
      this.byStream.set(stream, new Map(entries));
    }
  }

  set(stream: string, key: string, entry: Rejected | undefined): void {
    const entries = this.byStream.get(stream) ?? new Map<string, Rejected | undefined>();
    this.byStream.set(stream, entries.set(boundedKey(key), entry));
  }
}

interface CachedEntry {
  readonly location: EntryLocation;
  /** Whether this session has met it. */
  readonly isFromThisSession: boolean;
}

/**
 * A pipeline's entries in `_rivulet_quarantine`. Their keys and places are kept in memory, so that a write that touches none asks
 * nothing.
 */
export class Quarantine {
  readonly #pipeline: string;
  readonly #known = new Map<string, Map<string, CachedEntry>>();

  constructor(pipeline: string) {
    this.#pipeline = pipeline;
  }

  async load(tx: Transaction): Promise<void> {
    const rows = await tx.db
      .selectFrom("_rivulet_quarantine")
      .select(["stream", "key", "place"])
      .where("pipeline", "=", this.#pipeline)
      .execute();
    for (const { stream, key, place } of rows) {
      const location = JSON.parse(unescapeUnstorable(place ?? "{}")) as EntryLocation;
      const entry = { location, isFromThisSession: false };
      this.#entries(unescapeUnstorable(stream)).set(unescapeUnstorable(key), entry);
    }
  }

  /** Whether any entry of this stream stands, or will. */
  hasEntries(stream: string, changes: QuarantineChanges): boolean {
    return (this.#known.get(stream)?.size ?? 0) > 0 || changes.byStream.has(stream);
  }

  count(streams: readonly string[]): number {
    return streams.reduce((sum, stream) => sum + (this.#known.get(stream)?.size ?? 0), 0);
  }

  /** Removes the entry of a partition that has got a checkpoint. */
  removePartition(stream: string, partition: string, changes: QuarantineChanges): void {
    if (this.hasEntries(stream, changes)) changes.set(stream, partitionKey(partition), undefined);
  }

  /** Removes what a sweep covers, but for what this session has met: it was met in the walk that is swept. */
  removeSwept(
    stream: string,
    isCovered: (key: string, place: EntryLocation) => boolean,
    changes: QuarantineChanges,
  ): void {
    const changed = changes.byStream.get(stream);
    for (const [key, { location, isFromThisSession }] of this.#entries(stream)) {
      if (isFromThisSession || changed?.has(key)) continue;
      if (isCovered(key, location)) changes.set(stream, key, undefined);
    }
  }

  /** Removes all entries, or all of one stream. */
  async clear(tx: Transaction, stream?: string): Promise<void> {
    const all = tx.db.deleteFrom("_rivulet_quarantine").where("pipeline", "=", this.#pipeline);
    await (
      stream === undefined ? all : all.where("stream", "=", escapeUnstorable(stream))
    ).execute();
  }

  /** Takes note that `clear` was committed. */
  afterClear(stream?: string): void {
    if (stream === undefined) this.#known.clear();
    else this.#known.delete(stream);
  }

  async save(tx: Transaction, changes: QuarantineChanges): Promise<void> {
    for (const [stream, entries] of changes.byStream) {
      const known = this.#known.get(stream);
      const gone = [...entries].filter(([key, entry]) => !entry && known?.has(key));
      await this.#remove(
        tx,
        stream,
        gone.map(([key]) => key),
      );
      const added = [...entries].flatMap(([key, entry]) => (entry ? [{ ...entry, key }] : []));
      await this.#add(tx, stream, added);
    }
  }

  /** Takes note of changes whose transaction was committed. */
  afterCommit(changes: QuarantineChanges): void {
    for (const [stream, entries] of changes.byStream) {
      const known = this.#entries(stream);
      for (const [key, entry] of entries) {
        if (entry) known.set(key, { location: entry.where ?? {}, isFromThisSession: true });
        else known.delete(key);
      }
    }
  }

  async #remove(tx: Transaction, stream: string, keys: readonly string[]): Promise<void> {
    for (const some of chunks(keys, 500)) {
      await tx.db
        .deleteFrom("_rivulet_quarantine")
        .where("pipeline", "=", this.#pipeline)
        .where("stream", "=", escapeUnstorable(stream))
        .where("key", "in", some.map(escapeUnstorable))
        .execute();
    }
  }

  async #add(tx: Transaction, stream: string, entries: readonly Rejected[]): Promise<void> {
    for (const some of chunks(entries, 100)) {
      const rows = some.map(({ key, payload, reason, where = {} }) => ({
        pipeline: this.#pipeline,
        stream: escapeUnstorable(stream),
        key: escapeUnstorable(key),
        payload: escapeUnstorable(payload),
        reason: escapeUnstorable(reason),
        when: currentTimestamp(),
        place: escapeUnstorable(formatLocation(where)),
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
            })
            .where(
              sql<boolean>`(_rivulet_quarantine.payload, _rivulet_quarantine.reason, _rivulet_quarantine.place)
                is distinct from (excluded.payload, excluded.reason, excluded.place)`,
            ),
        )
        .execute();
    }
  }

  #entries(stream: string): Map<string, CachedEntry> {
    const entries = this.#known.get(stream) ?? new Map<string, CachedEntry>();
    this.#known.set(stream, entries);
    return entries;
  }
}
