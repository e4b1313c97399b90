import type { Migration } from "kysely";

/** Adds whether an entry is settled: incomplete at the service for good, nothing more expected. */
export const quarantineSettled: Migration = {
  async up(db) {
    await db.schema
      .alterTable("_rivulet_quarantine")
      .addColumn("settled", "boolean", (column) => column.notNull().defaultTo(false))
      .execute();
  },
};
