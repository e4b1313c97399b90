import type { Log } from "../../core/log.ts";
import { LockedError, messageOf } from "../../core/errors.ts";
import type { Table } from "../../core/schema.ts";
import type { Batch } from "../../core/source.ts";
import { inTurn } from "./settle-all.ts";
import { Checkpoints, formatState } from "./checkpoints.ts";
import type { Counts, Session, State, SyncEnd } from "../../core/destination.ts";
import { DataError, type Dialect, type PreparedTable, type Transaction } from "./dialect.ts";
import { encoderOf } from "./row-encoder.ts";
import {
  bindIdentity,
  endLease,
  forgetIdentity,
  releaseLease,
  renewLease,
  verifyLease,
  type Lease,
} from "./lease.ts";
import { planOf, touchedBy, type Plan, type Prepared } from "./write-plan.ts";
import { prepareTable, type Fitted } from "./prepare-table.ts";
import { Quarantine, QuarantineChanges } from "./quarantine.ts";
import { StateAge } from "./stale-state.ts";
import { countRejected, storeSteps } from "./execute-plan.ts";
import { Deletions } from "./soft-deletes.ts";
import { beginSync, endSync } from "./sync-log.ts";

interface SessionOptions {
  readonly lease: Lease;
  readonly renewMs: number;
  readonly log: Log;
}

/** A pipeline's session on a SQL database. Every transaction verifies first that the lock is still ours. */
export class SqlSession implements Session {
  readonly #dialect: Dialect;
  readonly #lease: Lease;
  readonly #log: Log;
  readonly #lost = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly #checkpoints: Checkpoints;
  readonly #age: StateAge;
  readonly #quarantine: Quarantine;
  readonly #deletions: Deletions;
  readonly #prepared = new Map<string, Prepared>();
  #sync: string | undefined;
  #written: Promise<unknown> = Promise.resolve();
  /** Changes with all that plans depend on. */
  #revision = 0;
  /** Whether the pipeline is known to be bound to its identity. */
  #isBound = false;

  constructor(dialect: Dialect, { lease, renewMs, log }: SessionOptions) {
    this.#dialect = dialect;
    this.#lease = lease;
    this.#log = log;
    this.#checkpoints = new Checkpoints(lease.pipeline.name, lease.epoch);
    this.#age = new StateAge(lease, log);
    this.#quarantine = new Quarantine(lease.pipeline.name);
    this.#deletions = new Deletions(dialect.values.keyCollation);
    this.#timer = setInterval(() => void this.#renew(), renewMs).unref();
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** Reads what the pipeline saved before. */
  async load(): Promise<void> {
    await this.#write(async (tx) => {
      await this.#age.dropOld(tx, this.#checkpoints);
      await this.#checkpoints.load(tx);
      await this.#quarantine.load(tx);
    });
  }

  state(): Promise<State> {
    return Promise.resolve(this.#checkpoints.state);
  }

  quarantined(streams: readonly string[]): Promise<number> {
    return Promise.resolve(this.#quarantine.count(streams));
  }

  async prepare(tables: readonly Table[]): Promise<void> {
    const fitted = await this.#write(async (tx) => {
      await this.#checkpoints.check(
        tx,
        tables.map(({ name }) => name),
      );
      const result: Fitted[] = [];
      for (const table of tables) result.push(await prepareTable(this.#dialect, tx, table));
      for (const { table, lacksRows } of result) {
        if (lacksRows) await this.#checkpoints.replace(tx, new Map(), table.stream);
      }
      return result;
    });
    for (const { table, lacksRows } of fitted) {
      if (lacksRows) this.#checkpoints.replaced(new Map(), table.stream);
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
    while (plan.fractions.size > 0) {
      await this.#widen(plan.fractions);
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
      if (stream === undefined) await forgetIdentity(tx, this.#lease);
      await this.#checkpoints.replace(tx, wanted, stream);
      await this.#quarantine.clear(tx, stream);
    });
    if (stream === undefined) this.#isBound = false;
    this.#checkpoints.replaced(wanted, stream);
    this.#quarantine.cleared(stream);
  }

  async begin(): Promise<void> {
    this.#sync = await this.#write((tx) => beginSync(tx, this.#lease.pipeline.name));
  }

  async end(end: SyncEnd): Promise<void> {
    const id = this.#sync;
    if (id === undefined) throw new Error("a sync ended that had not begun");
    const isLoaded = end.status === "completed" || end.status === "partial";
    if (isLoaded && this.#deletions.awaits)
      await this.#write((tx) => this.#deletions.prepareNext(tx));
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
      endLease(this.#lease);
    }
  }

  #plan(batches: readonly Batch[]): Plan {
    return planOf(batches, { prepared: this.#prepared, quarantine: this.#quarantine });
  }

  async #store(plan: Plan, careful: boolean): Promise<ReadonlyMap<string, Counts>> {
    const touched = touchedBy(plan);
    const { counts, changes } = await this.#write(async (tx) => {
      if (touched.size > 0 && !this.#isBound) await bindIdentity(tx, this.#lease);
      await this.#checkpoints.claim(tx, touched);
      const { counts, refused } = await storeSteps(tx, plan, {
        deletions: this.#deletions,
        careful,
      });
      const changes = new QuarantineChanges(plan.quarantine);
      for (const { stream, entry } of refused) changes.set(stream, entry.key, entry);
      await this.#quarantine.save(tx, changes);
      await this.#checkpoints.save(tx, plan.checkpoints);
      if (touched.size > 0) await this.#age.record(tx, this.#sync);
      return { counts: countRejected(counts, plan, refused), changes };
    });
    this.#quarantine.committed(changes);
    if (changes.byStream.size > 0) this.#revision += 1;
    this.#checkpoints.committed(plan.checkpoints, touched);
    this.#isBound ||= touched.size > 0;
    if (touched.size > 0) this.#age.committed(this.#sync);
    return counts;
  }

  async #widen(fractions: Plan["fractions"]): Promise<void> {
    for (const [stream, columns] of fractions) {
      const prepared = this.#prepared.get(stream);
      if (!prepared) continue;
      const { table, narrow } = prepared;
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
      this.#use({ ...table, columns: widened }, new Set([...narrow, ...refused]));
    }
  }

  #use(table: PreparedTable, narrow: ReadonlySet<string>): void {
    const encoder = encoderOf(table, this.#dialect.values);
    this.#prepared.set(table.stream, { table, encoder, narrow });
    this.#revision += 1;
  }

  /** A transaction of the pipeline: what a process writes that has lost the lock is rolled back. */
  async #write<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    try {
      return await this.#dialect.write(this.#lease.pipeline.name, async (tx) => {
        const verify = (): Promise<void> => verifyLease(tx, this.#lease);
        return await inTurn(tx, verify, () => work(tx));
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
