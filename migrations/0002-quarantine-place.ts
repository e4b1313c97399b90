import type { Migration } from "kysely";

/** Adds the location of quarantine entries: column values as JSON text, which sweeps compare. */
export const quarantinePlace: Migration = {
  async up(db) {
    await db.schema.alterTable("_rivulet_quarantine").addColumn("place", "text").execute();
  },
};
