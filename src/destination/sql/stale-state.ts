import type { Log } from "../../core/log.ts";
import type { CheckpointStore } from "./checkpoints.ts";
import type { Transaction } from "./dialect.ts";

import { lastEpoch, type Lease } from "./lease.ts";

/**
 * Whether a pipeline's state is older than its rows, as after a backup of it was put in place. Each sync that writes leaves its epoch in its row
 * in `_rivulet_sync`, and in those rows of the state that say whose the tables are.
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

  /** Records that this sync has written. */
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

  /** Takes note of a record whose transaction was committed. */
  afterCommit(sync: string | undefined): void {
    this.#recorded = sync;
  }

  /** Deletes state that is older, so that everything is read again. */
  async discardStale(tx: Transaction, checkpoints: CheckpointStore): Promise<void> {
    if (!(await this.#isOld(tx))) return;
    await checkpoints.replace(tx, new Map());
    this.#log.warning(
      `pipeline "${this.#pipeline}": its checkpoints are older than its rows, as after a backup was put in place; everything is read again`,
    );
  }

  async #isOld(tx: Transaction): Promise<boolean> {
    // The least: where only some streams are of a backup, the others keep the epoch that is right.
    const own = await tx.db
      .selectFrom("_rivulet_state")
      .select(({ fn }) => fn.min("epoch").as("epoch"))
      .where("pipeline", "=", this.#pipeline)
      .where("stream", "<>", "")
      .where("partition", "=", "")
      .executeTakeFirst();
    // Without such rows there is no state that could be old.
    return own?.epoch != null && Number(own.epoch) < (await lastEpoch(tx, this.#pipeline));
  }
}
