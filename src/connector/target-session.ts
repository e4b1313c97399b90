import type { Table } from "../core/schema.ts";
import type { Batch, Rejected } from "../core/source.ts";
import {
  zeroCounts,
  type Counts,
  type Session,
  type State,
  type SyncEnd,
} from "../core/destination.ts";
import type { Changes, TargetConnector, Writer } from "./connector.ts";
import { stateNamesOf, type StateNames } from "./state-names.ts";
import { targetTable, type TargetTable } from "./target-table.ts";

/** A target with its settings. */
export interface ConfiguredTarget {
  readonly connector: TargetConnector;
  readonly config: unknown;
}

interface OpenTarget {
  readonly connector: Pick<TargetConnector, "name" | "reservedKeys">;
  readonly writer: Writer;
}

/**
 * Writes to a target, and then the checkpoints to the database that keeps them: what a crash in between leaves undone is written again, by key.
 */
export class TargetSession implements Session {
  readonly #session: Session;
  readonly #writer: Writer;
  readonly #connector: OpenTarget["connector"];
  readonly #ledger: StateNames;
  readonly #tables = new Map<string, TargetTable>();
  #written: Promise<unknown> = Promise.resolve();

  constructor(session: Session, { connector, writer }: OpenTarget) {
    this.#session = session;
    this.#writer = writer;
    this.#connector = connector;
    this.#ledger = stateNamesOf(connector);
  }

  get lost(): AbortSignal {
    return this.#session.lost;
  }

  async state(): Promise<State> {
    return this.#ledger.toStreamNames(await this.#session.state());
  }

  async prepare(tables: readonly Table[]): Promise<void> {
    for (const table of tables) this.#tables.set(table.name, targetTable(table, this.#connector));
    await this.#writer.prepare([...this.#tables.values()].map(({ table }) => table));
  }

  /** In the order of the calls; after one that failed nothing is written. */
  write(batches: readonly Batch[]): Promise<ReadonlyMap<string, Counts>> {
    const written = this.#written.then(() => this.#store(batches));
    this.#written = written;
    written.catch(() => undefined);
    return written;
  }

  async #store(batches: readonly Batch[]): Promise<ReadonlyMap<string, Counts>> {
    const counts = new Map<string, Counts>();
    const all = batches.map((batch) => {
      const { changes, rejected } = this.#changesOf(batch);
      const counted = counts.get(batch.stream) ?? zeroCounts();
      counted.inserted += changes?.rows.length ?? 0;
      counted.updated += changes?.updates.length ?? 0;
      counted.deleted += changes?.deletes.length ?? 0;
      counted.rejected += rejected.length;
      counts.set(batch.stream, counted);
      return { changes, batch: { ...batch, rejected } };
    });
    const changes = all.flatMap(({ changes }) => (changes ? [changes] : []));
    if (changes.length > 0) await this.#writer.write(changes);
    await this.#session.write(all.map(({ batch }) => this.#withoutRows(batch)));
    return counts;
  }

  /** A batch that only saves something is nothing to the target. */
  #changesOf(batch: Batch): {
    readonly changes?: Changes;
    readonly rejected: readonly Rejected[];
  } {
    const { stream, rows, updates = [], deletes = [], sweep, rejected = [] } = batch;
    if (rows.length + updates.length + deletes.length === 0 && !sweep) return { rejected };
    const table = this.#tables.get(stream);
    if (!table) throw new Error(`stream "${stream}": written to before it was prepared`);
    return table.changes(batch);
  }

  #withoutRows({ stream, partition, checkpoint, rejected }: Batch): Batch {
    return {
      stream: this.#ledger.storedName(stream),
      rows: [],
      ...(rejected ? { rejected } : {}),
      ...(partition === undefined ? {} : { partition }),
      ...(checkpoint === undefined ? {} : { checkpoint }),
    };
  }

  async replaceState(state: State, stream?: string): Promise<void> {
    const named = [...state].map(
      ([name, checkpoints]) => [this.#ledger.storedName(name), checkpoints] as const,
    );
    await this.#session.replaceState(
      new Map(named),
      stream === undefined ? undefined : this.#ledger.storedName(stream),
    );
  }

  countQuarantined(streams: readonly string[]): Promise<number> {
    return this.#session.countQuarantined(streams.map((stream) => this.#ledger.storedName(stream)));
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
