import type { Log } from "../../core/log.ts";
import type { CheckpointStore } from "./checkpoints.ts";
import type { Transaction } from "./dialect.ts";
import { lastEpoch, type Lease } from "./lease.ts";

/**
 * Detects checkpoints that are older than the rows, as when a backup of `_rivulet_state` was
 * restored. Each sync that writes data saves its epoch twice: in its row of `_rivulet_sync` and in
 * the streams' own rows of `_rivulet_state` (partition `""`).
 */
export class StaleStateCheck {
  readonly #pipeline: string;
  readonly #epoch: number;
  readonly #log: Log;
  #recorded: string | undefined;

  constructor({ pipeline, epoch }: Lease, log: Log) {
    this.#pipeline = pipeline.name;
    this.#epoch = epoch;
    this.#log = log;
  }

  /** Saves the epoch, once per sync. */
  async recordEpoch(tx: Transaction, sync: string | undefined): Promise<void> {
    if (sync === undefined || this.#recorded === sync) return;
    await tx.db
      .updateTable("_rivulet_state")
      .set({ epoch: this.#epoch })
      .where("pipeline", "=", this.#pipeline)
      .where("stream", "<>", "")
      .where("partition", "=", "")
      .execute();
    await tx.db
      .updateTable("_rivulet_sync")
      .set({ epoch: this.#epoch })
      .where("id", "=", sync)
      .execute();
  }

  /** Call after the transaction of `recordEpoch` was committed. */
  afterCommit(sync: string | undefined): void {
    this.#recorded = sync;
  }

  /** Deletes all checkpoints if they are stale, so that everything is read again. */
  async discardStale(tx: Transaction, checkpoints: CheckpointStore): Promise<void> {
    if (!(await this.#isStale(tx))) return;
    await checkpoints.replace(tx, new Map());
    this.#log.warning(
      `pipeline "${this.#pipeline}": its checkpoints are older than its rows, as after restoring a backup; everything is read again`,
    );
  }

  async #isStale(tx: Transaction): Promise<boolean> {
    // The minimum, because a backup may have been restored for some streams only.
    const own = await tx.db
      .selectFrom("_rivulet_state")
      .select(({ fn }) => fn.min("epoch").as("epoch"))
      .where("pipeline", "=", this.#pipeline)
      .where("stream", "<>", "")
      .where("partition", "=", "")
      .executeTakeFirst();
    // Without such rows there are no checkpoints.
    return own?.epoch != null && Number(own.epoch) < (await lastEpoch(tx, this.#pipeline));
  }
}
