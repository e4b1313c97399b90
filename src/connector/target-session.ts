import {
  zeroCounts,
  type Counts,
  type QuarantineReason,
  type Session,
  type State,
  type SyncEnd,
} from "../core/destination.ts";
import type { Table } from "../core/schema.ts";
import type { Batch, Rejected } from "../core/source.ts";
import type { Changes, TargetConnector, Writer } from "./connector.ts";
import { stateNamesOf, type StateNames } from "./state-names.ts";
import { targetTable, type TargetTable } from "./target-table.ts";

/** A target with its parsed configuration. */
export interface ConfiguredTarget {
  readonly connector: TargetConnector;
  readonly config: unknown;
}

interface OpenTarget {
  readonly connector: Pick<TargetConnector, "name" | "reservedKeys">;
  readonly writer: Writer;
}

/**
 * Writes rows to a target, then their checkpoints to the database. After a crash in between, the
 * rows are written again, by key.
 */
export class TargetSession implements Session {
  readonly #session: Session;
  readonly #writer: Writer;
  readonly #connector: OpenTarget["connector"];
  readonly #stateNames: StateNames;
  readonly #tables = new Map<string, TargetTable>();
  #lastWrite: Promise<unknown> = Promise.resolve();

  constructor(session: Session, { connector, writer }: OpenTarget) {
    this.#session = session;
    this.#writer = writer;
    this.#connector = connector;
    this.#stateNames = stateNamesOf(connector);
  }

  get lost(): AbortSignal {
    return this.#session.lost;
  }

  async state(): Promise<State> {
    return this.#stateNames.toStreamNames(await this.#session.state());
  }

  async prepare(tables: readonly Table[]): Promise<void> {
    await this.#verifyLease();
    for (const table of tables) this.#tables.set(table.name, targetTable(table, this.#connector));
    await this.#writer.prepare([...this.#tables.values()].map(({ table }) => table));
  }

  /** Runs writes in the order of the calls; after one has failed, all later ones fail too. */
  write(batches: readonly Batch[]): Promise<ReadonlyMap<string, Counts>> {
    const write = this.#lastWrite.then(() => this.#writeNow(batches));
    this.#lastWrite = write;
    write.catch(() => undefined);
    return write;
  }

  async #writeNow(batches: readonly Batch[]): Promise<ReadonlyMap<string, Counts>> {
    const counts = new Map<string, Counts>();
    const planned = batches.map((batch) => {
      const { changes, rejected } = this.#changesOf(batch);
      const streamCounts = counts.get(batch.stream) ?? zeroCounts();
      streamCounts.inserted += changes?.rows.length ?? 0;
      streamCounts.updated += changes?.updates.length ?? 0;
      streamCounts.deleted += changes?.deletes.length ?? 0;
      streamCounts.rejected += rejected.filter(({ settled }) => settled !== true).length;
      counts.set(batch.stream, streamCounts);
      return { changes, batch: { ...batch, rejected } };
    });
    const changes = planned.flatMap(({ changes }) => (changes ? [changes] : []));
    if (changes.length > 0) {
      await this.#verifyLease();
      await this.#writer.write(changes);
    }
    await this.#session.write(planned.map(({ batch }) => this.#withoutRows(batch)));
    return counts;
  }

  /** A target cannot roll back, so a lost lease must be noticed before anything is sent to it. */
  async #verifyLease(): Promise<void> {
    await this.#session.write([]);
  }

  /** No changes for a batch that has only a checkpoint or rejections. */
  #changesOf(batch: Batch): {
    readonly changes?: Changes;
    readonly rejected: readonly Rejected[];
  } {
    const { stream, rows, updates = [], deletes = [], sweep, rejected = [] } = batch;
    if (rows.length + updates.length + deletes.length === 0 && !sweep) return { rejected };
    const table = this.#tables.get(stream);
    if (!table) throw new Error(`stream "${stream}": written before it was prepared`);
    return table.changes(batch);
  }

  #withoutRows({ stream, partition, checkpoint, rejected }: Batch): Batch {
    return {
      stream: this.#stateNames.storedName(stream),
      rows: [],
      ...(rejected ? { rejected } : {}),
      ...(partition === undefined ? {} : { partition }),
      ...(checkpoint === undefined ? {} : { checkpoint }),
    };
  }

  async replaceState(state: State, stream?: string): Promise<void> {
    const stored = [...state].map(
      ([name, checkpoints]) => [this.#stateNames.storedName(name), checkpoints] as const,
    );
    await this.#session.replaceState(
      new Map(stored),
      stream === undefined ? undefined : this.#stateNames.storedName(stream),
    );
  }

  countQuarantined(streams: readonly string[]): Promise<number> {
    return this.#session.countQuarantined(this.#storedNames(streams));
  }

  countSettled(streams: readonly string[]): Promise<number> {
    return this.#session.countSettled(this.#storedNames(streams));
  }

  async quarantineReasons(streams: readonly string[]): Promise<readonly QuarantineReason[]> {
    const reasons = await this.#session.quarantineReasons(this.#storedNames(streams));
    return this.#stateNames.ofStreams(reasons);
  }

  #storedNames(streams: readonly string[]): string[] {
    return streams.map((stream) => this.#stateNames.storedName(stream));
  }

  begin(): Promise<void> {
    return this.#session.begin();
  }

  end(end: SyncEnd): Promise<void> {
    return this.#session.end(end);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.#writer[Symbol.asyncDispose]();
    } finally {
      await this.#session[Symbol.asyncDispose]();
    }
  }
}
