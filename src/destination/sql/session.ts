import type { Counts, QuarantineReason, Session, State, SyncEnd } from "../../core/destination.ts";
import { messageOf } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";
import type { Table } from "../../core/schema.ts";
import type { Batch, QuarantinedEntry } from "../../core/source.ts";
import { CheckpointStore, formatState } from "./checkpoints.ts";
import type { Dialect } from "./dialect.ts";
import { addRejectedCounts, executePlan } from "./execute-plan.ts";
import { isolatingBadRows, type Isolation } from "./isolation.ts";
import { bindIdentity, forgetLease, releaseLease, resetIdentity, type Lease } from "./lease.ts";
import { systemColumnNames } from "./column-names.ts";
import { LeasedTransactions } from "./leased-transactions.ts";
import { countRows } from "./count-rows.ts";
import { prepareTables } from "./prepare-table.ts";
import { Quarantine, QuarantineChanges } from "./quarantine.ts";
import { SoftDeletes } from "./soft-deletes.ts";
import { StaleStateCheck } from "./stale-state.ts";
import { beginSync, CommittedCounts, endSync } from "./sync-log.ts";
import { TableClaims } from "./table-claims.ts";
import { runForTables } from "./table-errors.ts";
import { WritableTables } from "./writable-tables.ts";
import { planWrites, touchedStreams, type WritePlan } from "./write-plan.ts";

/** A pipeline's session on a SQL database. Every transaction first verifies the lease. */
export class SqlSession implements Session {
  readonly maxColumns: number;
  readonly #dialect: Dialect;
  readonly #lease: Lease;
  readonly #keep: number;
  readonly #log: Log;
  readonly #transactions: LeasedTransactions;
  readonly #timer: NodeJS.Timeout;
  readonly #checkpoints: CheckpointStore;
  readonly #claims: TableClaims;
  readonly #staleState: StaleStateCheck;
  readonly #quarantine: Quarantine;
  readonly #softDeletes: SoftDeletes;
  readonly #tables: WritableTables;
  readonly #committedCounts = new CommittedCounts();
  #syncId: string | undefined;
  #lastWrite: Promise<unknown> = Promise.resolve();
  /** Incremented when a plan built ahead must be rebuilt. */
  #revision = 0;
  /** Whether the database records the pipeline's identity. */
  #isBound = false;

  constructor(
    dialect: Dialect,
    options: { lease: Lease; renewMs: number; keepSyncs: number; log: Log },
  ) {
    const { lease, renewMs, keepSyncs, log } = options;
    this.#dialect = dialect;
    this.#keep = keepSyncs;
    this.maxColumns = dialect.maxColumns - systemColumnNames.length;
    this.#lease = lease;
    this.#log = log;
    this.#transactions = new LeasedTransactions(dialect, lease);
    this.#checkpoints = new CheckpointStore(lease.pipeline.name, lease.epoch);
    this.#claims = new TableClaims(dialect.naming, lease);
    this.#tables = new WritableTables(dialect.mapping);
    this.#staleState = new StaleStateCheck(lease, log);
    this.#quarantine = new Quarantine(lease.pipeline.name);
    this.#softDeletes = new SoftDeletes(dialect.mapping.keyCollation);
    this.#timer = setInterval(() => void this.#transactions.renew(log), renewMs).unref();
  }

  get lost(): AbortSignal {
    return this.#transactions.lost;
  }

  /** Loads checkpoints and quarantine. Call once, before any other method. */
  async load(): Promise<void> {
    await this.#transactions.run(async (tx) => {
      await this.#staleState.discardStale(tx, this.#checkpoints);
      await this.#checkpoints.load(tx);
      await this.#claims.load(tx);
      await this.#quarantine.load(tx);
    });
  }

  state(): Promise<State> {
    return Promise.resolve(this.#checkpoints.state);
  }

  countQuarantined(streams: readonly string[]): Promise<number> {
    return Promise.resolve(this.#quarantine.count(streams));
  }

  countSettled(streams: readonly string[]): Promise<number> {
    return Promise.resolve(this.#quarantine.countSettled(streams));
  }

  quarantineReasons(streams: readonly string[]): Promise<readonly QuarantineReason[]> {
    return this.#quarantine.reasons(this.#transactions, streams);
  }

  quarantined(stream: string): Promise<readonly QuarantinedEntry[]> {
    return Promise.resolve(this.#quarantine.open(stream));
  }

  countRows(stream: string, column: string): Promise<ReadonlyMap<string, number>> {
    return this.#transactions.run((tx) => countRows(tx, this.#tables.columnOf(stream, column)));
  }

  async prepare(tables: readonly Table[]): Promise<void> {
    const prepared = await this.#tables.forgettingLost(() =>
      runForTables(this.#transactions, { isFinal: true }, async (tx, at) => {
        await this.#claims.check(tx, [...this.#tables.streams, ...tables.map(({ name }) => name)]);
        const result = await prepareTables(this.#dialect, tx, { tables, onTable: at });
        at(undefined);
        for (const { table, needsReload } of result)
          if (needsReload) await this.#checkpoints.replace(tx, new Map(), table.stream);
        return result;
      }),
    );
    for (const { table, needsReload } of prepared) {
      this.#tables.set(table);
      if (!needsReload) continue;
      this.#checkpoints.afterReplace(new Map(), table.stream);
      this.#claims.afterReplace(table.stream);
    }
    this.#revision += 1;
  }

  write(batches: readonly Batch[]): Promise<ReadonlyMap<string, Counts>> {
    const write = this.#planAndWrite(this.#lastWrite, batches);
    this.#lastWrite = write;
    // A failed write fails the writes that wait for it, but none that is called later.
    write.catch(() => {
      if (this.#lastWrite === write) this.#lastWrite = Promise.resolve();
    });
    return write;
  }

  /** Plans while the previous write runs, and again if that write changed what plans depend on. */
  async #planAndWrite(
    previous: Promise<unknown>,
    batches: readonly Batch[],
  ): Promise<ReadonlyMap<string, Counts>> {
    const revision = this.#revision;
    let plan = this.#plan(batches);
    await previous;
    if (this.#revision !== revision) plan = this.#plan(batches);
    while (plan.fractionalColumns.size > 0) {
      await this.#tables.widen(this.#transactions, plan.fractionalColumns);
      this.#revision += 1;
      plan = this.#plan(batches);
    }
    return await this.#tables.forgettingLost(() =>
      isolatingBadRows((isolation) => this.#execute(plan, isolation)),
    );
  }

  async replaceState(state: State, stream?: string): Promise<void> {
    const texts = formatState(state);
    const wanted = new Map([...texts].filter(([name]) => stream === undefined || name === stream));
    await this.#transactions.run(async (tx) => {
      if (stream === undefined) await resetIdentity(tx, this.#lease);
      await this.#checkpoints.replace(tx, wanted, stream);
      await this.#quarantine.clear(tx, stream);
    });
    if (stream === undefined) this.#isBound = false;
    this.#checkpoints.afterReplace(wanted, stream);
    this.#claims.afterReplace(stream);
    this.#quarantine.afterClear(stream);
  }

  async begin(): Promise<void> {
    this.#syncId = await this.#transactions.run((tx) => beginSync(tx, this.#lease, this.#keep));
    this.#committedCounts.clear();
  }

  async end(end: SyncEnd): Promise<void> {
    const id = this.#syncId;
    if (id === undefined) throw new Error("end() was called before begin()");
    if (end.status === "completed" || end.status === "partial") {
      if (this.#softDeletes.hasPendingIndexes)
        await this.#transactions.run((tx) => this.#softDeletes.createPendingIndexes(tx));
      await this.#transactions.run((tx) => endSync(tx, id, end));
      return;
    }
    // Without verifying the lease, because the row must also record that it was lost.
    await this.#dialect.write(this.#lease.pipeline.name, (tx) => endSync(tx, id, end));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    const { name } = this.#lease.pipeline;
    try {
      await this.#dialect.write(name, (tx) => releaseLease(tx, this.#lease));
    } catch (error) {
      // A dead process needs no release, and the failure itself was reported by an earlier write.
      this.#log.debug(`pipeline "${name}": could not release the lock: ${messageOf(error)}`);
    } finally {
      forgetLease(this.#lease);
    }
  }

  #plan(batches: readonly Batch[]): WritePlan {
    const { byStream: tables, lost } = this.#tables;
    return planWrites(batches, { tables, lost, quarantine: this.#quarantine });
  }

  async #execute(plan: WritePlan, isolation: Isolation): Promise<ReadonlyMap<string, Counts>> {
    const touched = touchedStreams(plan);
    // With the first one, all tables are claimed, so that two pipelines never get half of them.
    const claimed = touched.size > 0 ? [...new Set([...this.#tables.streams, ...touched])] : [];
    if (!this.#dialect.hasOneWriter) await this.#claims.claimAlone(this.#transactions, claimed);
    const { counts, changes } = await runForTables(
      this.#transactions,
      isolation,
      async (tx, at) => {
        if (touched.size > 0 && !this.#isBound) await bindIdentity(tx, this.#lease);
        await this.#claims.claim(tx, claimed);
        const softDeletes = this.#softDeletes;
        const done = await executePlan(tx, plan, { softDeletes, isolation, onTable: at });
        at(undefined);
        const changes = new QuarantineChanges(plan.quarantine);
        for (const { stream, entry } of done.refused) changes.set(stream, entry.key, entry);
        await this.#quarantine.save(tx, changes);
        await this.#checkpoints.save(tx, plan.checkpoints);
        if (touched.size > 0) await this.#staleState.recordEpoch(tx, this.#syncId);
        const counts = addRejectedCounts(done.counts, plan, done.refused);
        await this.#committedCounts.save(tx, this.#syncId, counts);
        // What is refused at the end, such as a deferred constraint, concerns the table.
        if (plan.writes.length === 1) at(plan.writes[0]?.writable.table.stream);
        return { counts, changes };
      },
    );
    this.#committedCounts.afterCommit(counts);
    this.#quarantine.afterCommit(changes);
    if (changes.byStream.size > 0) this.#revision += 1;
    this.#claims.afterCommit(claimed);
    this.#checkpoints.afterCommit(plan.checkpoints);
    this.#isBound ||= touched.size > 0;
    if (touched.size > 0) this.#staleState.afterCommit(this.#syncId);
    return counts;
  }
}
