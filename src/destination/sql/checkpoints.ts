import { sql } from "kysely";
import type { State } from "../../core/destination.ts";
import { ConfigError, LockedError } from "../../core/errors.ts";
import type { Checkpoint } from "../../core/source.ts";
import { chunks } from "./chunks.ts";
import type { Transaction } from "./dialect.ts";
import { runInOrder } from "./settle-all.ts";
import { escapeUnstorable, unescapeUnstorable } from "./text-escaping.ts";

/** Checkpoints as JSON text by stream and partition; null deletes one. */
type CheckpointTexts = ReadonlyMap<string, ReadonlyMap<string, string | null>>;

type Entry = readonly [partition: string, text: string | null];

/** A pipeline's checkpoints, cached. Each change compares the stored value with the cached one. */
export class CheckpointStore {
  readonly #pipeline: string;
  readonly #epoch: number;
  #cache = new Map<string, Map<string, string>>();

  constructor(pipeline: string, epoch: number) {
    this.#pipeline = pipeline;
    this.#epoch = epoch;
  }

  get state(): State {
    return parseState(this.#cache);
  }

  /** Fills the cache. Call once, before any other method. */
  async load(tx: Transaction): Promise<void> {
    this.#cache = await readCheckpoints(tx, this.#pipeline);
  }

  /** Writes changes to the database. Throws a LockedError if another process changed one. */
  async save(tx: Transaction, changes: CheckpointTexts): Promise<void> {
    for (const [stream, texts] of changes) {
      const cached = this.#cache.get(stream);
      const changed = [...texts].filter(
        ([partition, text]) => text !== (cached?.get(partition) ?? null),
      );
      for (const chunk of chunks(changed, 500)) await this.#saveChunk(tx, stream, chunk);
    }
  }

  /** Updates the cache after a `save` was committed. */
  afterCommit(changes: CheckpointTexts): void {
    for (const [stream, texts] of changes) {
      const cached = this.#cache.get(stream) ?? new Map<string, string>();
      this.#cache.set(stream, cached);
      for (const [partition, text] of texts) {
        if (text === null) cached.delete(partition);
        else cached.set(partition, text);
      }
    }
  }

  /** Replaces all checkpoints, or those of one stream, and gives up the tables' claims. */
  async replace(tx: Transaction, texts: CheckpointTexts, stream?: string): Promise<void> {
    const all = tx.db
      .deleteFrom("_rivulet_state")
      .where("pipeline", "=", this.#pipeline)
      .where("stream", "<>", "");
    await (
      stream === undefined ? all : all.where("stream", "=", escapeUnstorable(stream))
    ).execute();
    for (const [name, partitions] of texts) {
      if (partitions.size === 0) continue;
      // The stream's own row holds the epoch of all its checkpoints.
      const entries = new Map<string, string | null>([["", null], ...partitions]);
      for (const chunk of chunks([...entries], 500)) await this.#put(tx, name, chunk);
    }
  }

  /** Updates the cache after a `replace` was committed. */
  afterReplace(texts: CheckpointTexts, stream?: string): void {
    if (stream === undefined) this.#cache.clear();
    else this.#cache.delete(stream);
    this.afterCommit(texts);
  }

  async #saveChunk(tx: Transaction, stream: string, texts: readonly Entry[]): Promise<void> {
    const partitions = texts.map(([partition]) => partition);
    const removed = texts.flatMap(([partition, text]) =>
      text === null && partition !== "" ? [escapeUnstorable(partition)] : [],
    );
    const saved = texts.filter(([partition, text]) => text !== null || partition === "");
    const compare = (): Promise<void> => this.#compare(tx, stream, partitions);
    const remove = (): Promise<void> => this.#remove(tx, stream, removed);
    const put = (): Promise<void> => this.#put(tx, stream, saved);
    await runInOrder(tx, compare, () => runInOrder(tx, remove, put));
  }

  async #remove(tx: Transaction, stream: string, partitions: readonly string[]): Promise<void> {
    if (partitions.length === 0) return;
    await tx.db
      .deleteFrom("_rivulet_state")
      .where("pipeline", "=", this.#pipeline)
      .where("stream", "=", escapeUnstorable(stream))
      .where("partition", "in", partitions)
      .execute();
  }

  /** The compare of compare-and-set. The transaction's lock makes both atomic. */
  async #compare(tx: Transaction, stream: string, partitions: readonly string[]): Promise<void> {
    const rows = await tx.db
      .selectFrom("_rivulet_state")
      .select(["partition", "checkpoint"])
      .where("pipeline", "=", this.#pipeline)
      .where("stream", "=", escapeUnstorable(stream))
      .where("partition", "in", partitions.map(escapeUnstorable))
      .execute();
    const stored = new Map(rows.map((row) => [unescapeUnstorable(row.partition), row.checkpoint]));
    const cached = this.#cache.get(stream);
    for (const partition of partitions) {
      if ((stored.get(partition) ?? null) === (cached?.get(partition) ?? null)) continue;
      throw new LockedError(
        `pipeline "${this.#pipeline}": the checkpoint of "${stream}" was changed by another process; nothing was written, run the sync again`,
      );
    }
  }

  async #put(tx: Transaction, stream: string, texts: readonly Entry[]): Promise<void> {
    if (texts.length === 0) return;
    const rows = texts.map(([partition, checkpoint]) => ({
      pipeline: this.#pipeline,
      stream: escapeUnstorable(stream),
      partition: escapeUnstorable(partition),
      checkpoint,
      epoch: this.#epoch,
    }));
    await tx.db
      .insertInto("_rivulet_state")
      .values(rows)
      .onConflict((conflict) =>
        conflict.columns(["pipeline", "stream", "partition"]).doUpdateSet({
          checkpoint: sql`excluded.checkpoint`,
          epoch: sql`excluded.epoch`,
        }),
      )
      .execute();
  }
}

/** Reads a pipeline's checkpoints, as JSON text by stream and partition. */
export async function readCheckpoints(
  tx: Transaction,
  pipeline: string,
): Promise<Map<string, Map<string, string>>> {
  const rows = await tx.db
    .selectFrom("_rivulet_state")
    .select(["stream", "partition", "checkpoint"])
    .where("pipeline", "=", pipeline)
    .where("stream", "<>", "")
    .orderBy("stream")
    .orderBy("partition")
    .execute();
  const texts = new Map<string, Map<string, string>>();
  for (const { stream, partition, checkpoint } of rows) {
    if (checkpoint === null) continue;
    const name = unescapeUnstorable(stream);
    texts.set(
      name,
      (texts.get(name) ?? new Map<string, string>()).set(unescapeUnstorable(partition), checkpoint),
    );
  }
  return texts;
}

/** Parses checkpoints. Throws a ConfigError if one is not a JSON object. */
export function parseState(texts: ReadonlyMap<string, ReadonlyMap<string, string>>): State {
  return new Map(
    [...texts].map(([stream, byPartition]) => [
      stream,
      new Map(
        [...byPartition].map(([partition, text]) => [partition, parseCheckpoint(stream, text)]),
      ),
    ]),
  );
}

function parseCheckpoint(stream: string, text: string): Checkpoint {
  const checkpoint = parseObject(text);
  if (checkpoint) return checkpoint;
  throw new ConfigError(
    `_rivulet_state: a checkpoint of "${stream}" cannot be read; run "state reset ${stream}", after which the stream is read from the start`,
  );
}

function parseObject(text: string): Checkpoint | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Checkpoint) : undefined;
  } catch {
    return undefined;
  }
}

/** Formats checkpoints as JSON text, to be stored. */
export function formatState(state: State): CheckpointTexts {
  return new Map(
    [...state].map(([stream, byPartition]) => [
      stream,
      new Map([...byPartition].map(([partition, value]) => [partition, JSON.stringify(value)])),
    ]),
  );
}
