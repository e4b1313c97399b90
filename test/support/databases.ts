import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { Client } from "pg";
import { inject } from "vitest";

/** A row of a query's result. */
export type SqlRow = Readonly<Record<string, unknown>>;

/** A real, empty database for a test. */
export interface TestDatabase {
  readonly dialect: "sqlite" | "postgres";
  /** The URL for `openDestination`. */
  readonly url: string;
  /** Whether `openDestination` should write in a worker thread. */
  readonly thread?: boolean;
  /**
   * Runs statements, and returns the rows of the last. 64-bit integers are text or numbers,
   * timestamps are text.
   */
  query(sql: string): Promise<SqlRow[]>;
  drop(): Promise<void>;
}

/** Each kind of database: its name, and a function that makes one. */
export const databases = [
  ["sqlite", newSqlite],
  ["postgres", newPostgres],
] as const;

/** SQLite, written to in the main thread or in a worker thread. */
export const sqlites = [
  ["sqlite", newSqlite],
  ["sqlite in a thread", newThreadedSqlite],
] as const;

/** For tests of what every destination must do. */
export const destinations = [...sqlites, ["postgres", newPostgres]] as const;

async function newThreadedSqlite(): Promise<TestDatabase> {
  return { ...(await newSqlite()), thread: true };
}

/** Makes a folder for a SQLite file. */
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

/**
 * Makes up the name of a schema, not created yet, in a database; by default in that of the server
 * that all tests share.
 */
export async function newPostgres(
  url = inject("postgresUrl"),
): Promise<TestDatabase & { readonly schema: string }> {
  const schema = `test_${randomBytes(6).toString("hex")}`;
  const client = new Client({
    connectionString: url,
    types: { getTypeParser: () => (text: string) => text },
  });
  await client.connect();
  await client.query(`set search_path to ${schema}; set timezone to 'UTC'`);
  return {
    dialect: "postgres",
    url: `${url}?schema=${schema}`,
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
