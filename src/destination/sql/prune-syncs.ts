import type { Transaction } from "./dialect.ts";

/** Which rows of `_rivulet_sync` to keep. */
interface PruneOptions {
  readonly pipeline: string;
  /** The id of the sync that is running. */
  readonly current: string;
  /** How many of the pipeline's syncs to keep. */
  readonly keep: number;
}

/**
 * Deletes the rows of all but the latest syncs of a pipeline. Of the older ones, those stay that
 * still say something: the last of each status, and the one with the greatest epoch.
 */
export async function pruneSyncs(
  tx: Transaction,
  { pipeline, current, keep }: PruneOptions,
): Promise<void> {
  const own = tx.db.selectFrom("_rivulet_sync").where("pipeline", "=", pipeline);
  const newestToDelete = await own
    .select("started_at")
    .orderBy("started_at", "desc")
    .offset(keep)
    .limit(1)
    .executeTakeFirst();
  if (!newestToDelete) return;
  const greatestEpoch = await own
    .select("id")
    .where("epoch", "is not", null)
    .orderBy("epoch", "desc")
    .limit(1)
    .executeTakeFirst();
  const latest = await own
    .select(({ fn }) => ["status", fn.max("started_at").as("started_at")])
    .groupBy("status")
    .execute();
  // The running one may seem older than others, if their host's clock was ahead.
  const kept = [current, ...(greatestEpoch ? [greatestEpoch.id] : [])];
  await tx.db
    .deleteFrom("_rivulet_sync")
    .where("pipeline", "=", pipeline)
    .where("started_at", "<=", newestToDelete.started_at)
    .where("id", "not in", kept)
    .where((eb) =>
      eb.and(
        latest.map(({ status, started_at }) =>
          eb.not(eb.and([eb("status", "=", status), eb("started_at", "=", started_at)])),
        ),
      ),
    )
    .execute();
}
