import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { Client } from "pg";
import { inject } from "vitest";

export type SqlRow = Readonly<Record<string, unknown>>;

/** A real, empty database for a test. */
export interface TestDatabase {
  readonly dialect: "sqlite" | "postgres";
  /** What `openDestination` takes. */
  readonly url: string;
  /** Whether `openDestination` is to write in a thread of its own. */
  readonly thread?: boolean;
  /** Runs statements; the rows of the last. Integers of 64 bits come as text or number, instants as text. */
  query(sql: string): Promise<SqlRow[]>;
  drop(): Promise<void>;
}

/** Each kind of database by name, and how to make one. */
export const databases = [
  ["sqlite", newSqlite],
  ["postgres", newPostgres],
] as const;

/** SQLite, written to in the thread that reads, or in one of its own. */
export const sqlites = [
  ["sqlite", newSqlite],
  ["sqlite in a thread", newThreadedSqlite],
] as const;

/** For what a destination does. */
export const destinations = [...sqlites, ["postgres", newPostgres]] as const;

async function newThreadedSqlite(): Promise<TestDatabase> {
  return { ...(await newSqlite()), thread: true };
}

/** A file in a folder of its own. */
export async function newSqlite(): Promise<TestDatabase & { readonly path: string }> {
  const folder = await mkdtemp(join(tmpdir(), "rivulet-sqlite-"));
  const path = join(folder, "test.db");
  return {
    dialect: "sqlite",
    url: `sqlite:${path}`,
    path,
    query: async (sql) => await Promise.resolve().then(() => querySqlite(path, sql)),
    drop: () => rm(folder, { recursive: true }),
  };
}

/** A schema of its own, which is not made yet, on the server that all tests share. */
export async function newPostgres(): Promise<TestDatabase & { readonly schema: string }> {
  const schema = `test_${randomBytes(6).toString("hex")}`;
  const client = new Client({
    connectionString: inject("postgresUrl"),
    types: { getTypeParser: () => (text: string) => text },
  });
  await client.connect();
  await client.query(`set search_path to ${schema}; set timezone to 'UTC'`);
  return {
    dialect: "postgres",
    url: `${inject("postgresUrl")}?schema=${schema}`,
    schema,
    async query(sql) {
      const results = [await client.query<SqlRow>(sql)].flat();
      return results.at(-1)?.rows ?? [];
    },
    async drop() {
      await client.query(`drop schema if exists ${schema} cascade`);
      await client.end();
    },
  };
}

function querySqlite(path: string, sql: string): SqlRow[] {
  const db = new Database(path);
  try {
    const statements = db.prepare<[], SqlRow>(sql);
    if (statements.reader) return statements.safeIntegers(false).all();
    statements.run();
    return [];
  } finally {
    db.close();
  }
}
