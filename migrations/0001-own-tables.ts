import { sql, type Migration } from "kysely";
import type { SystemColumnTypes } from "./column-types.ts";

/** Creates the tables for state and locks, the sync log and quarantine. */
export function systemTables({ timestamp, json }: SystemColumnTypes): Migration {
  return {
    async up(db) {
      await db.schema
        .createTable("_rivulet_state")
        .addColumn("pipeline", "text", (column) => column.notNull())
        .addColumn("stream", "text", (column) => column.notNull())
        .addColumn("partition", "text", (column) => column.notNull())
        .addColumn("checkpoint", "text")
        .addColumn("epoch", "bigint", (column) => column.notNull())
        .addPrimaryKeyConstraint("_rivulet_state_key", ["pipeline", "stream", "partition"])
        .execute();
      await db.schema
        .createTable("_rivulet_sync")
        .addColumn("id", "text", (column) => column.notNull().primaryKey())
        .addColumn("pipeline", "text", (column) => column.notNull())
        .addColumn("started_at", sql.raw(timestamp), (column) => column.notNull())
        .addColumn("ended_at", sql.raw(timestamp))
        .addColumn("status", "text", (column) => column.notNull())
        .addColumn("rows", sql.raw(json))
        .addColumn("requests", "bigint")
        .addColumn("retries", "bigint")
        .addColumn("bytes", "bigint")
        .addColumn("waited_ms", "bigint")
        .addColumn("error", "text")
        .execute();
      await db.schema
        .createTable("_rivulet_quarantine")
        .addColumn("pipeline", "text", (column) => column.notNull())
        .addColumn("stream", "text", (column) => column.notNull())
        .addColumn("key", "text", (column) => column.notNull())
        .addColumn("payload", "text", (column) => column.notNull())
        .addColumn("reason", "text", (column) => column.notNull())
        .addColumn("when", sql.raw(timestamp), (column) => column.notNull())
        .addPrimaryKeyConstraint("_rivulet_quarantine_key", ["pipeline", "stream", "key"])
        .execute();
    },
  };
}
