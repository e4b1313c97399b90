import { ClaimedTableError, ConfigError } from "../../core/errors.ts";
import { chunks } from "./chunks.ts";
import type { NamingRules, Transaction } from "./dialect.ts";
import type { LeasedTransactions } from "./leased-transactions.ts";
import type { Lease } from "./lease.ts";
import { escapeUnstorable, unescapeUnstorable } from "./text-escaping.ts";

/**
 * The tables that a pipeline has claimed, so that no other writes to them: those of the streams
 * that have a row of their own (partition `""`) in `_rivulet_state`.
 */
export class TableClaims {
  readonly #naming: NamingRules;
  readonly #pipeline: string;
  readonly #epoch: number;
  readonly #claimed = new Set<string>();

  constructor(naming: NamingRules, { pipeline, epoch }: Pick<Lease, "pipeline" | "epoch">) {
    this.#naming = naming;
    this.#pipeline = pipeline.name;
    this.#epoch = epoch;
  }

  /** Loads the claims. Call once, before any other method. */
  async load(tx: Transaction): Promise<void> {
    const rows = await tx.db
      .selectFrom("_rivulet_state")
      .select("stream")
      .where("pipeline", "=", this.#pipeline)
      .where("stream", "<>", "")
      .where("partition", "=", "")
      .execute();
    this.afterCommit(rows.map(({ stream }) => unescapeUnstorable(stream)));
  }

  /** Those of the streams whose tables this pipeline has not claimed. */
  unclaimed(streams: Iterable<string>): string[] {
    return [...streams].filter((stream) => !this.#claimed.has(stream));
  }

  /**
   * Throws a ClaimedTableError if another pipeline has claimed the table of one of the streams, and
   * a ConfigError if two of them would share one. If some are unclaimed, no other pipeline can
   * claim them until the transaction ends.
   */
  async check(tx: Transaction, streams: readonly string[]): Promise<void> {
    this.#checkDistinct(streams);
    if (this.unclaimed(streams).length > 0) await tx.lockSchema();
    const others = await tx.db
      .selectFrom("_rivulet_state")
      .select(["pipeline", "stream"])
      .where("pipeline", "<>", this.#pipeline)
      .where("stream", "<>", "")
      .where("partition", "=", "")
      .execute();
    const owners = new Map(others.map((other) => [this.#foldedName(other.stream), other]));
    for (const stream of streams) {
      const stored = escapeUnstorable(stream);
      const owner = owners.get(this.#foldedName(stored));
      if (!owner) continue;
      // The input of a target is a stream without a table, and its name is compared as it is.
      const isSame = owner.stream === stored || (await tx.findTable(this.#tableName(stored)));
      if (!isSame) continue;
      throw new ClaimedTableError(
        `table "${stream}" belongs to the pipeline "${owner.pipeline}", and "${this.#pipeline}" would mark its rows as deleted; use another destination or schema, or reset the state of "${owner.pipeline}"`,
        { stream },
      );
    }
  }

  /** Claims the streams' tables, if it has not. Throws like `check`. */
  async claim(tx: Transaction, streams: readonly string[]): Promise<void> {
    const unclaimed = this.unclaimed(streams);
    if (unclaimed.length === 0) return;
    await this.check(tx, unclaimed);
    const rows = unclaimed.map((stream) => ({
      ...{ pipeline: this.#pipeline, stream: escapeUnstorable(stream), partition: "" },
      epoch: this.#epoch,
    }));
    for (const chunk of chunks(rows, 500)) {
      await tx.db
        .insertInto("_rivulet_state")
        .values(chunk)
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    }
  }

  /** Claims in a transaction of its own, because other pipelines wait until it ends. */
  async claimAlone(
    transactions: Pick<LeasedTransactions, "run">,
    streams: readonly string[],
  ): Promise<void> {
    if (this.unclaimed(streams).length === 0) return;
    await transactions.run((tx) => this.claim(tx, streams));
    this.afterCommit(streams);
  }

  /** Call after the transaction of `claim` was committed. */
  afterCommit(streams: readonly string[]): void {
    for (const stream of streams) this.#claimed.add(stream);
  }

  /** Call after the checkpoints of one stream, or of all, were replaced, and their claims lost. */
  afterReplace(stream?: string): void {
    if (stream === undefined) this.#claimed.clear();
    else this.#claimed.delete(stream);
  }

  #checkDistinct(streams: readonly string[]): void {
    const byTable = new Map<string, string>();
    for (const stream of streams) {
      const table = this.#foldedName(escapeUnstorable(stream));
      const other = byTable.get(table) ?? stream;
      byTable.set(table, stream);
      if (other === stream) continue;
      throw new ConfigError(
        `the streams "${other}" and "${stream}" would share one table, because the database cannot tell their names apart; rename one of them, or leave it out`,
      );
    }
  }

  #tableName(stored: string): string {
    return this.#naming.toDatabaseName(stored);
  }

  #foldedName(stored: string): string {
    return this.#naming.foldCase(this.#tableName(stored));
  }
}
