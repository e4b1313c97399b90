import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { Client } from "pg";
import { startCuttingProxy, type CuttingProxy } from "../support/cutting-proxy.ts";
import type { SqlRow, TestDatabase } from "../support/databases.ts";
import { newSchemaName, type ChaosPostgres } from "./postgres-server.ts";

/** A database of a round. Its `query` bypasses all disturbances. */
export type Storage = SqliteStorage | PostgresStorage;

/** A SQLite file in a folder of its own. */
export interface SqliteStorage extends TestDatabase {
  readonly dialect: "sqlite";
  readonly path: string;
}

/** A schema and the role that owns it, which has no other permissions. */
export interface PostgresStorage extends TestDatabase {
  readonly dialect: "postgres";
  readonly server: ChaosPostgres;
  /** Stands between the program and the server. */
  readonly tcpProxy: CuttingProxy;
  readonly role: string;
  /** Opens a connection as a superuser, with the schema as search path. */
  connect(): Promise<Client>;
}

/** Makes a folder for a SQLite file. */
export async function newSqliteStorage(): Promise<SqliteStorage> {
  const folder = await mkdtemp(join(tmpdir(), "rivulet-chaos-"));
  const path = join(folder, "chaos.db");
  return {
    dialect: "sqlite",
    url: `sqlite:${path}`,
    path,
    query: async (sql) => await Promise.resolve().then(() => querySqlite(path, sql)),
    drop: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Reads are read-only: closing a writable connection would remove the write-ahead log. */
function querySqlite(path: string, sql: string): SqlRow[] {
  const readonly = /^\s*select/i.test(sql);
  if (readonly && !existsSync(path)) throw new Error("there is no database yet");
  const db = new Database(path, { readonly });
  try {
    if (readonly) return db.prepare<[], SqlRow>(sql).all();
    db.exec(sql);
    return [];
  } finally {
    db.close();
  }
}

/** Creates a schema and its role. */
export async function newPostgresStorage(server: ChaosPostgres): Promise<PostgresStorage> {
  const name = newSchemaName();
  const connect = async (): Promise<Client> => {
    const client = new Client({
      connectionString: server.url,
      types: { getTypeParser: () => (text: string) => text },
    });
    client.on("error", () => undefined);
    await client.connect();
    await client.query(`set search_path to ${name}; set timezone to 'UTC'`);
    return client;
  };
  const query = async (sql: string): Promise<SqlRow[]> => {
    const client = await connect();
    try {
      const results = [await client.query<SqlRow>(sql)].flat();
      return results.at(-1)?.rows ?? [];
    } finally {
      await client.end();
    }
  };
  await query(
    `create role ${name} login password 'secret'; create schema ${name} authorization ${name}`,
  );
  const tcpProxy = await startCuttingProxy(new URL(server.url));
  return {
    dialect: "postgres",
    url: `postgres://${name}:secret@127.0.0.1:${tcpProxy.port}/postgres?schema=${name}`,
    server,
    tcpProxy,
    role: name,
    connect,
    query,
    async drop() {
      await tcpProxy[Symbol.asyncDispose]();
      await query(`drop schema ${name} cascade; drop owned by ${name}; drop role ${name}`);
    },
  };
}
