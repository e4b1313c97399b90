import type { Migration } from "kysely";

/** Where an entry in quarantine stands: values of columns as JSON text, by which a sweep finds it. */
export const quarantinePlace: Migration = {
  async up(db) {
    await db.schema.alterTable("_rivulet_quarantine").addColumn("place", "text").execute();
  },
};
