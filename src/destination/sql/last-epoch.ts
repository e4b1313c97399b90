import type { Transaction } from "./dialect.ts";

/** The greatest epoch under which a sync of the pipeline has written; 0 where none is known. */
export async function lastEpoch(tx: Transaction, pipeline: string): Promise<number> {
  // By epoch, not by when a sync began: clocks of hosts may go wrong.
  const last = await tx.db
    .selectFrom("_rivulet_sync")
    .select("epoch")
    .where("pipeline", "=", pipeline)
    .where("epoch", "is not", null)
    .orderBy("epoch", "desc")
    .limit(1)
    .executeTakeFirst();
  return Number(last?.epoch ?? 0);
}
