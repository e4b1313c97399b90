import type { Migration } from "kysely";
import { systemTables } from "./0001-own-tables.ts";
import { quarantinePlace } from "./0002-quarantine-place.ts";
import { syncEpoch } from "./0003-sync-epoch.ts";
import { quarantineSettled } from "./0004-quarantine-settled.ts";
import { commitCount } from "./0005-commit-count.ts";
import { syncVersion } from "./0006-sync-version.ts";
import type { SystemColumnTypes } from "./column-types.ts";

/** All migrations by name, oldest first. Add new ones at the end; never change an existing one. */
export function migrations(types: SystemColumnTypes): Readonly<Record<string, Migration>> {
  return {
    "0001-own-tables": systemTables(types),
    "0002-quarantine-place": quarantinePlace,
    "0003-sync-epoch": syncEpoch,
    "0004-quarantine-settled": quarantineSettled,
    "0005-commit-count": commitCount,
    "0006-sync-version": syncVersion,
  };
}
