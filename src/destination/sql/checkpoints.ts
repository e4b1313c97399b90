import { sql } from "kysely";
import { ConfigError, LockedError } from "../../core/errors.ts";
import type { Checkpoint } from "../../core/source.ts";
import { runInOrder } from "./settle-all.ts";
import { chunks } from "./chunks.ts";
import type { State } from "../../core/destination.ts";
import type { Transaction } from "./dialect.ts";
import { escapeUnstorable, unescapeUnstorable } from "./text-escaping.ts";

/** Checkpoints as JSON text by stream and partition; null for one that is forgotten. */
export type CheckpointTexts = ReadonlyMap<string, ReadonlyMap<string, string | null>>;

type Entry = readonly [partition: string, text: string | null];

/** A pipeline's checkpoints. They are changed only where the database still has what was read from it. */
export class CheckpointStore {
  readonly #pipeline: string;
  readonly #epoch: number;
  #known = new Map<string, Map<string, string>>();
  /** Streams whose tables are known to be ours. */
  readonly #claimed = new Set<string>();

  constructor(pipeline: string, epoch: number) {
    this.#pipeline = pipeline;
    this.#epoch = epoch;
  }

  get state(): State {
    return parseState(this.#known);
  }

  async load(tx: Transaction): Promise<void> {
    this.#known = await readCheckpoints(tx, this.#pipeline);
    const rows = await tx.db
      .selectFrom("_rivulet_state")
      .select("stream")
      .where("pipeline", "=", this.#pipeline)
      .where("partition", "=", "")
      .execute();
    for (const { stream } of rows) this.#claimed.add(unescapeUnstorable(stream));
  }

  /** Throws where one of the streams' tables is another pipeline's: one that has ever written to it. */
  async checkOwnership(tx: Transaction, streams: readonly string[]): Promise<void> {
    for (const some of chunks(streams, 500)) {
      const other = await tx.db
        .selectFrom("_rivulet_state")
        .select(["pipeline", "stream"])
        .where("stream", "in", some.map(escapeUnstorable))
        .where("pipeline", "<>", this.#pipeline)
        .executeTakeFirst();
      if (other)
        throw ownershipError(unescapeUnstorable(other.stream), other.pipeline, this.#pipeline);
    }
  }

  /** Makes the streams' tables this pipeline's own, if they are not. Throws as `check` does. */
  async claimTables(tx: Transaction, streams: Iterable<string>): Promise<void> {
    const unclaimed = [...streams].filter((stream) => !this.#claimed.has(stream));
    await this.checkOwnership(tx, unclaimed);
    for (const stream of unclaimed) {
      if (!this.#known.get(stream)?.has("")) await this.#put(tx, stream, [["", null]]);
    }
  }

  async save(tx: Transaction, changes: CheckpointTexts): Promise<void> {
    for (const [stream, texts] of changes) {
      const known = this.#known.get(stream);
      const changed = [...texts].filter(
        ([partition, text]) => text !== (known?.get(partition) ?? null),
      );
      for (const some of chunks(changed, 500)) await this.#change(tx, stream, some);
    }
  }

  /** Takes note of changes, and of streams that were claimed, whose transaction was committed. */
  afterCommit(changes: CheckpointTexts, claimed: Iterable<string> = []): void {
    for (const stream of claimed) this.#claimed.add(stream);
    for (const [stream, texts] of changes) {
      const known = this.#known.get(stream) ?? new Map<string, string>();
      this.#known.set(stream, known);
      for (const [partition, text] of texts) {
        if (text === null) known.delete(partition);
        else known.set(partition, text);
      }
    }
  }

  /** Puts these in the place of all, or of all of one stream, and gives up its table. */
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
      // With the stream's own row, which tells the age of them all.
      const entries = new Map<string, string | null>([["", null], ...partitions]);
      for (const some of chunks([...entries], 500)) await this.#put(tx, name, some);
    }
  }

  afterReplace(texts: CheckpointTexts, stream?: string): void {
    for (const known of [this.#known, this.#claimed]) {
      if (stream === undefined) known.clear();
      else known.delete(stream);
    }
    this.afterCommit(texts);
  }

  async #change(tx: Transaction, stream: string, texts: readonly Entry[]): Promise<void> {
    const partitions = texts.map(([partition]) => partition);
    const gone = texts.flatMap(([partition, text]) =>
      text === null && partition !== "" ? [escapeUnstorable(partition)] : [],
    );
    const kept = texts.filter(([partition, text]) => text !== null || partition === "");
    const compare = (): Promise<void> => this.#compare(tx, stream, partitions);
    const forget = (): Promise<void> => this.#forget(tx, stream, gone);
    const put = (): Promise<void> => this.#put(tx, stream, kept);
    // Nothing of it stays where the comparison fails.
    await runInOrder(tx, compare, () => runInOrder(tx, forget, put));
  }

  async #forget(tx: Transaction, stream: string, partitions: readonly string[]): Promise<void> {
    if (partitions.length === 0) return;
    await tx.db
      .deleteFrom("_rivulet_state")
      .where("pipeline", "=", this.#pipeline)
      .where("stream", "=", escapeUnstorable(stream))
      .where("partition", "in", partitions)
      .execute();
  }

  /** The compare of compare-and-set; the lock under which the transaction runs makes both one. */
  async #compare(tx: Transaction, stream: string, partitions: readonly string[]): Promise<void> {
    const rows = await tx.db
      .selectFrom("_rivulet_state")
      .select(["partition", "checkpoint"])
      .where("pipeline", "=", this.#pipeline)
      .where("stream", "=", escapeUnstorable(stream))
      .where("partition", "in", partitions.map(escapeUnstorable))
      .execute();
    const stored = new Map(rows.map((row) => [unescapeUnstorable(row.partition), row.checkpoint]));
    const known = this.#known.get(stream);
    for (const partition of partitions) {
      if ((stored.get(partition) ?? null) === (known?.get(partition) ?? null)) continue;
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

/** A pipeline's checkpoints as the database has them, as JSON text. */
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

/** Checkpoints as values, of those as text. Throws a ConfigError where one is no JSON object. */
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
    `_rivulet_state: a checkpoint of "${stream}" cannot be read; run "state reset ${stream}", after which all of it is read again`,
  );
}

/** What JSON text says, if that is an object. */
function parseObject(text: string): Checkpoint | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Checkpoint) : undefined;
  } catch {
    return undefined;
  }
}

/** The texts of a state, as they are stored. */
export function formatState(state: State): CheckpointTexts {
  return new Map(
    [...state].map(([stream, byPartition]) => [
      stream,
      new Map([...byPartition].map(([partition, value]) => [partition, JSON.stringify(value)])),
    ]),
  );
}

function ownershipError(stream: string, owner: string, pipeline: string): ConfigError {
  return new ConfigError(
    `table "${stream}" belongs to the pipeline "${owner}", and "${pipeline}" would mark its rows as deleted; use another destination or schema, or reset the state of "${owner}"`,
  );
}
