import type { Log } from "../../core/log.ts";
import { LockedError, messageOf } from "../../core/errors.ts";
import type { Table } from "../../core/schema.ts";
import type { Batch } from "../../core/source.ts";
import { runInOrder } from "./settle-all.ts";
import { CheckpointStore, formatState } from "./checkpoints.ts";
import type { Counts, Session, State, SyncEnd } from "../../core/destination.ts";
import { DataError, type Dialect, type PreparedTable, type Transaction } from "./dialect.ts";
import { createEncoder } from "./row-encoder.ts";
import {
  bindIdentity,
  forgetLease,
  resetIdentity,
  releaseLease,
  renewLease,
  verifyLease,
  type Lease,
} from "./lease.ts";
import { planWrites, touchedStreams, type WritePlan } from "./write-plan.ts";
import type { WritableTable } from "./writable-table.ts";
import { prepareTable, type PrepareResult } from "./prepare-table.ts";
import { Quarantine, QuarantineChanges } from "./quarantine.ts";
import { StaleStateCheck } from "./stale-state.ts";
import { addRejectedCounts, executePlan } from "./execute-plan.ts";
import { SoftDeletes } from "./soft-deletes.ts";
import { beginSync, endSync } from "./sync-log.ts";

/** A pipeline's session on a SQL database. Every transaction verifies first that the lock is still ours. */
export class SqlSession implements Session {
  readonly #dialect: Dialect;
  readonly #lease: Lease;
  readonly #log: Log;
  readonly #lost = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly #checkpoints: CheckpointStore;
  readonly #age: StaleStateCheck;
  readonly #quarantine: Quarantine;
  readonly #deletions: SoftDeletes;
  readonly #prepared = new Map<string, WritableTable>();
  #sync: string | undefined;
  #written: Promise<unknown> = Promise.resolve();
  /** Changes with all that plans depend on. */
  #revision = 0;
  /** Whether the pipeline is known to be bound to its identity. */
  #isBound = false;

  constructor(
    dialect: Dialect,
    { lease, renewMs, log }: { lease: Lease; renewMs: number; log: Log },
  ) {
    this.#dialect = dialect;
    this.#lease = lease;
    this.#log = log;
    this.#checkpoints = new CheckpointStore(lease.pipeline.name, lease.epoch);
    this.#age = new StaleStateCheck(lease, log);
    this.#quarantine = new Quarantine(lease.pipeline.name);
    this.#deletions = new SoftDeletes(dialect.mapping.keyCollation);
    this.#timer = setInterval(() => void this.#renew(), renewMs).unref();
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** Reads what the pipeline saved before. */
  async load(): Promise<void> {
    await this.#write(async (tx) => {
      await this.#age.discardStale(tx, this.#checkpoints);
      await this.#checkpoints.load(tx);
      await this.#quarantine.load(tx);
    });
  }

  state(): Promise<State> {
    return Promise.resolve(this.#checkpoints.state);
  }

  countQuarantined(streams: readonly string[]): Promise<number> {
    return Promise.resolve(this.#quarantine.count(streams));
  }

  async prepare(tables: readonly Table[]): Promise<void> {
    const fitted = await this.#write(async (tx) => {
      await this.#checkpoints.checkOwnership(
        tx,
        tables.map(({ name }) => name),
      );
      const result: PrepareResult[] = [];
      for (const table of tables) result.push(await prepareTable(this.#dialect, tx, table));
      for (const { table, needsReload } of result) {
        if (needsReload) await this.#checkpoints.replace(tx, new Map(), table.stream);
      }
      return result;
    });
    for (const { table, needsReload } of fitted) {
      if (needsReload) this.#checkpoints.afterReplace(new Map(), table.stream);
      this.#use(table, new Set());
    }
  }

  write(batches: readonly Batch[]): Promise<ReadonlyMap<string, Counts>> {
    const written = this.#writeAfter(this.#written, batches);
    // A failure holds up what waits for it, and nothing later.
    this.#written = written;
    written.catch(() => {
      if (this.#written === written) this.#written = Promise.resolve();
    });
    return written;
  }

  /** Plans at once, while what came before is being stored; where that changes what a plan depends on, again. */
  async #writeAfter(
    before: Promise<unknown>,
    batches: readonly Batch[],
  ): Promise<ReadonlyMap<string, Counts>> {
    const revision = this.#revision;
    let plan = this.#plan(batches);
    await before;
    if (this.#revision !== revision) plan = this.#plan(batches);
    while (plan.fractionalColumns.size > 0) {
      await this.#widen(plan.fractionalColumns);
      plan = this.#plan(batches);
    }
    try {
      return await this.#store(plan, false);
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      return await this.#store(plan, true);
    }
  }

  async replaceState(state: State, stream?: string): Promise<void> {
    const texts = formatState(state);
    const wanted = new Map([...texts].filter(([name]) => stream === undefined || name === stream));
    await this.#write(async (tx) => {
      if (stream === undefined) await resetIdentity(tx, this.#lease);
      await this.#checkpoints.replace(tx, wanted, stream);
      await this.#quarantine.clear(tx, stream);
    });
    if (stream === undefined) this.#isBound = false;
    this.#checkpoints.afterReplace(wanted, stream);
    this.#quarantine.afterClear(stream);
  }

  async begin(): Promise<void> {
    this.#sync = await this.#write((tx) => beginSync(tx, this.#lease.pipeline.name));
  }

  async end(end: SyncEnd): Promise<void> {
    const id = this.#sync;
    if (id === undefined) throw new Error("a sync ended that had not begun");
    const isLoaded = end.status === "completed" || end.status === "partial";
    if (isLoaded && this.#deletions.hasPendingIndexes)
      await this.#write((tx) => this.#deletions.createPendingIndexes(tx));
    // Without the lock too: that it was lost is what the row has to say.
    await this.#dialect.write(this.#lease.pipeline.name, (tx) => endSync(tx, id, end));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    const { name } = this.#lease.pipeline;
    try {
      await this.#dialect.write(name, (tx) => releaseLease(tx, this.#lease));
    } catch (error) {
      // The lock of a process that is gone needs no release; what made this fail has been reported where it mattered.
      this.#log.debug(`pipeline "${name}": could not release its lock: ${messageOf(error)}`);
    } finally {
      forgetLease(this.#lease);
    }
  }

  #plan(batches: readonly Batch[]): WritePlan {
    return planWrites(batches, { tables: this.#prepared, quarantine: this.#quarantine });
  }

  async #store(plan: WritePlan, careful: boolean): Promise<ReadonlyMap<string, Counts>> {
    const touched = touchedStreams(plan);
    const { counts, changes } = await this.#write(async (tx) => {
      if (touched.size > 0 && !this.#isBound) await bindIdentity(tx, this.#lease);
      await this.#checkpoints.claimTables(tx, touched);
      const { counts, refused } = await executePlan(tx, plan, {
        deletions: this.#deletions,
        isolateBadRows: careful,
      });
      const changes = new QuarantineChanges(plan.quarantine);
      for (const { stream, entry } of refused) changes.set(stream, entry.key, entry);
      await this.#quarantine.save(tx, changes);
      await this.#checkpoints.save(tx, plan.checkpoints);
      if (touched.size > 0) await this.#age.recordEpoch(tx, this.#sync);
      return { counts: addRejectedCounts(counts, plan, refused), changes };
    });
    this.#quarantine.afterCommit(changes);
    if (changes.byStream.size > 0) this.#revision += 1;
    this.#checkpoints.afterCommit(plan.checkpoints, touched);
    this.#isBound ||= touched.size > 0;
    if (touched.size > 0) this.#age.afterCommit(this.#sync);
    return counts;
  }

  async #widen(fractions: WritePlan["fractionalColumns"]): Promise<void> {
    for (const [stream, columns] of fractions) {
      const prepared = this.#prepared.get(stream);
      if (!prepared) continue;
      const { table, unwidenable } = prepared;
      const refused = await this.#write(async (tx) => {
        const names: string[] = [];
        for (const name of columns) {
          if ((await tx.widen(table.name, name)) !== undefined) names.push(name);
        }
        return names;
      });
      const widened = table.columns.map((column) =>
        columns.has(column.name) && !refused.includes(column.name)
          ? { ...column, type: "double" as const }
          : column,
      );
      this.#use({ ...table, columns: widened }, new Set([...unwidenable, ...refused]));
    }
  }

  #use(table: PreparedTable, narrow: ReadonlySet<string>): void {
    const encoder = createEncoder(table, this.#dialect.mapping);
    this.#prepared.set(table.stream, { table, encoder, unwidenable: narrow });
    this.#revision += 1;
  }

  /** A transaction of the pipeline: what a process writes that has lost the lock is rolled back. */
  async #write<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    try {
      return await this.#dialect.write(this.#lease.pipeline.name, async (tx) => {
        const verify = (): Promise<void> => verifyLease(tx, this.#lease);
        return await runInOrder(tx, verify, () => work(tx));
      });
    } catch (error) {
      if (error instanceof LockedError) this.#lost.abort(error);
      throw error;
    }
  }

  async #renew(): Promise<void> {
    try {
      await this.#write((tx) => renewLease(tx, this.#lease));
    } catch (error) {
      // The next renewal may succeed, and if not, the next write fails and says why.
      this.#log.debug(`could not renew the lock: ${messageOf(error)}`);
    }
  }
}
