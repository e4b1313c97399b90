import { afterEach, beforeEach } from "vitest";
import { newLog } from "../../src/core/log.ts";
import type { Table } from "../../src/core/schema.ts";
import type { Destination, Pipeline, Session } from "../../src/core/destination.ts";
import { openDestination, type OpenOptions } from "../../src/destination/open.ts";
import type { TestDatabase } from "../support/databases.ts";

export const silent = newLog(() => undefined);

/** A fresh database for each test. What a test opens is closed after it. */
export interface Fixture {
  readonly database: TestDatabase;
  open(options?: Partial<OpenOptions>): Promise<Destination>;
  /** Opens a destination and a session, and prepares these tables. */
  session(tables: readonly Table[], pipeline?: Pipeline): Promise<Session>;
  /** The first column of each row, as text. */
  texts(sql: string): Promise<string[]>;
}

export function useDatabase(create: () => Promise<TestDatabase>): Fixture {
  let database: TestDatabase | undefined;
  const opened: AsyncDisposable[] = [];
  const current = (): TestDatabase => {
    if (!database) throw new Error("there is a database only while a test runs");
    return database;
  };
  beforeEach(async () => {
    database = await create();
  });
  afterEach(async () => {
    for (const resource of opened.splice(0).reverse()) await resource[Symbol.asyncDispose]();
    await database?.drop();
  });
  const open: Fixture["open"] = async (options) => {
    const { url, thread = false } = current();
    const destination = await openDestination(url, { log: silent, thread, ...options });
    opened.push(destination);
    return destination;
  };
  return {
    get database() {
      return current();
    },
    open,
    async session(tables, pipeline = { name: "test", identity: "here" }) {
      const session = await (await open()).lock(pipeline);
      opened.push(session);
      await session.prepare(tables);
      return session;
    },
    async texts(sql) {
      const rows = await current().query(sql);
      return rows.map((row) => String(Object.values(row)[0]));
    },
  };
}

/** A session that the test closes itself. */
export interface OwnSession extends AsyncDisposable {
  readonly destination: Destination;
  readonly session: Session;
  readonly dispose: () => Promise<void>;
}

/** Opens a session on `runs` in the database of a URL. */
export async function openRuns(url: string, options?: Partial<OpenOptions>): Promise<OwnSession> {
  const destination = await openDestination(url, { log: silent, ...options });
  const session = await destination.lock({ name: "test", identity: "here" });
  await session.prepare([runs]);
  const dispose = async (): Promise<void> => {
    await session[Symbol.asyncDispose]();
    await destination[Symbol.asyncDispose]();
  };
  return { destination, session, dispose, [Symbol.asyncDispose]: dispose };
}

/** The URL of a database behind a proxy. */
export function throughPort({ url }: Pick<TestDatabase, "url">, port: number): string {
  const through = new URL(url);
  through.port = String(port);
  return through.href;
}

/** A table with one key and a few values. */
export const runs = {
  name: "runs",
  columns: { id: "string", project: "string", steps: "integer", loss: "double", raw: "json" },
  primaryKey: ["id"],
} as const satisfies Table;

/** The counts of a stream that are not 0. */
export function countsOf(
  result: Awaited<ReturnType<Session["write"]>>,
  stream = "runs",
): Record<string, number> {
  return Object.fromEntries(
    Object.entries(result.get(stream) ?? {}).filter(([, count]) => count !== 0),
  );
}
