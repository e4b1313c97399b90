import type { Migration } from "kysely";

/**
 * Adds how many transactions the holder of a pipeline's lock has committed. A database that counts
 * fewer than the holder has lost some, as after a failover to a copy that lagged.
 */
export const commitCount: Migration = {
  async up(db) {
    await db.schema.alterTable("_rivulet_state").addColumn("commits", "bigint").execute();
  },
};
