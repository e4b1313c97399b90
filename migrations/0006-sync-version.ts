import type { Migration } from "kysely";

/** Adds the version of rivulet that ran a sync. */
export const syncVersion: Migration = {
  async up(db) {
    await db.schema.alterTable("_rivulet_sync").addColumn("version", "text").execute();
  },
};
