import { failoverDisturbances } from "./disturbances/failover.ts";
import { httpDisturbances } from "./disturbances/http.ts";
import { pagingDisturbances } from "./disturbances/paging.ts";
import { poolerDisturbances } from "./disturbances/pooler.ts";
import { postgresDisturbances } from "./disturbances/postgres.ts";
import { silentPostgresDisturbances } from "./disturbances/silent-postgres.ts";
import { processDisturbances } from "./disturbances/process.ts";
import { sqliteDisturbances } from "./disturbances/sqlite.ts";
import { stateDisturbances } from "./disturbances/state.ts";
import type { Disturbance } from "./disturbance.ts";
import type { PostgresStorage, SqliteStorage } from "./storage.ts";

/** Everything that can go wrong on any database. */
export const onAny: readonly Disturbance[] = [
  ...processDisturbances,
  ...httpDisturbances,
  ...pagingDisturbances,
  ...stateDisturbances,
];

/** What can go wrong with a SQLite file only. */
export const onSqlite: readonly Disturbance<SqliteStorage>[] = sqliteDisturbances;

/** What can go wrong with a Postgres server only. */
export const onPostgres: readonly Disturbance<PostgresStorage>[] = [
  ...postgresDisturbances,
  ...silentPostgresDisturbances,
  ...poolerDisturbances,
  ...failoverDisturbances,
];
