import type { Disturbance } from "./disturbance.ts";
import { onAny, onPostgres, onSqlite } from "./disturbances.ts";
import { startPostgres } from "./postgres-server.ts";
import {
  newPostgresStorage,
  newSqliteStorage,
  type PostgresStorage,
  type SqliteStorage,
  type Storage,
} from "./storage.ts";

/** A kind of database: makes databases for rounds, and lists what can go wrong with them. */
export interface DatabaseKind<Where extends Storage> extends AsyncDisposable {
  readonly disturbances: readonly Disturbance<Where>[];
  newStorage(): Promise<Where>;
}

/** Opens the SQLite kind. */
export function openSqlite(): Promise<DatabaseKind<SqliteStorage>> {
  return Promise.resolve({
    disturbances: [...onAny, ...onSqlite],
    newStorage: newSqliteStorage,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  });
}

/** Opens the Postgres kind, with a server of its own. */
export async function openPostgres(): Promise<DatabaseKind<PostgresStorage>> {
  const server = await startPostgres();
  return {
    disturbances: [...onAny, ...onPostgres],
    newStorage: () => newPostgresStorage(server),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
