import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { Client } from "pg";
import { startCuttingProxy, type CuttingProxy } from "../support/cutting-proxy.ts";
import type { SqlRow, TestDatabase } from "../support/databases.ts";
import { newName, type ChaosPostgres } from "./postgres-server.ts";

/** A database that somebody spoils. What it is asked here is asked past all disturbances. */
export type Storage = SqliteStorage | PostgresStorage;

export interface SqliteStorage extends TestDatabase {
  readonly dialect: "sqlite";
  readonly path: string;
}

/** A schema that belongs to a role of its own, which may do no more than it has to. */
export interface PostgresStorage extends TestDatabase {
  readonly dialect: "postgres";
  readonly server: ChaosPostgres;
  /** Between the program and the server. */
  readonly link: CuttingProxy;
  readonly role: string;
  /** A connection as a superuser, in the schema. */
  connect(): Promise<Client>;
}

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

/** Reading leaves the write-ahead log to the program: whoever closes the file after writing would clear it away. */
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

export async function newPostgresStorage(server: ChaosPostgres): Promise<PostgresStorage> {
  const name = newName();
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
  const link = await startCuttingProxy(new URL(server.url));
  return {
    dialect: "postgres",
    url: `postgres://${name}:secret@127.0.0.1:${link.port}/postgres?schema=${name}`,
    server,
    link,
    role: name,
    connect,
    query,
    async drop() {
      await link[Symbol.asyncDispose]();
      await query(`drop schema ${name} cascade; drop owned by ${name}; drop role ${name}`);
    },
  };
}
