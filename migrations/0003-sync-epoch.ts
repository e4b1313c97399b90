import type { Migration } from "kysely";

/**
 * Adds the epoch under which a sync wrote data, which reveals checkpoints that are older than the
 * rows, and an index to find the last one.
 */
export const syncEpoch: Migration = {
  async up(db) {
    await db.schema.alterTable("_rivulet_sync").addColumn("epoch", "bigint").execute();
    await db.schema
      .createIndex("_rivulet_sync_last")
      .on("_rivulet_sync")
      .columns(["pipeline", "epoch"])
      .execute();
  },
};
