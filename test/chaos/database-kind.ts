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

/** Where rounds take place: databases of one kind, and all that can happen there. */
export interface Arena<Where extends Storage> extends AsyncDisposable {
  readonly deck: readonly Disturbance<Where>[];
  newStorage(): Promise<Where>;
}

export function openSqlite(): Promise<Arena<SqliteStorage>> {
  return Promise.resolve({
    deck: [...onAny, ...onSqlite],
    newStorage: newSqliteStorage,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  });
}

/** With a server of its own. */
export async function openPostgres(): Promise<Arena<PostgresStorage>> {
  const server = await startPostgres();
  return {
    deck: [...onAny, ...onPostgres],
    newStorage: () => newPostgresStorage(server),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
