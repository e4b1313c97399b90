import {
  Kysely,
  type DatabaseIntrospector,
  type DialectAdapter,
  type Driver,
  type QueryCompiler,
  type QueryResult,
} from "kysely";
import type { SystemTables } from "./system-tables.ts";

export interface KyselyConnection {
  readonly compiler: () => QueryCompiler;
  readonly execute: (sql: string, parameters: readonly unknown[]) => Promise<QueryResult<unknown>>;
  /** Names of the schemas, and of the tables in ours: all that a migration asks for. */
  readonly schemas: () => Promise<readonly string[]>;
  readonly tables: () => Promise<readonly string[]>;
}

/** Kysely on one connection whose transactions, and so the lock around migrations, are somebody else's. */
export function createKysely(connection: KyselyConnection, schema?: string): Kysely<SystemTables> {
  const db = new Kysely<SystemTables>({
    dialect: {
      createAdapter: () => adapter,
      createDriver: () => newDriver(connection),
      createIntrospector: () => newIntrospector(connection, schema),
      createQueryCompiler: connection.compiler,
    },
  });
  return schema === undefined ? db : db.withSchema(schema);
}

const noop = (): Promise<void> => Promise.resolve();

const adapter = {
  supportsCreateIfNotExists: true,
  supportsTransactionalDdl: false,
  supportsReturning: true,
  acquireMigrationLock: noop,
  releaseMigrationLock: noop,
} satisfies DialectAdapter;

function newDriver({ execute }: KyselyConnection): Driver {
  const connection = {
    executeQuery: async <R>({ sql, parameters }: { sql: string; parameters: readonly unknown[] }) =>
      (await execute(sql, parameters)) as QueryResult<R>,
    streamQuery: () => {
      throw new Error("queries are not streamed");
    },
  };
  return {
    init: noop,
    acquireConnection: () => Promise.resolve(connection),
    beginTransaction: noop,
    commitTransaction: noop,
    rollbackTransaction: noop,
    releaseConnection: noop,
    destroy: noop,
  };
}

function newIntrospector(
  { schemas, tables }: KyselyConnection,
  schema?: string,
): DatabaseIntrospector {
  const getTables = async () =>
    (await tables()).map((name) => ({
      name,
      isView: false,
      columns: [],
      ...(schema === undefined ? {} : { schema }),
    }));
  return {
    getSchemas: async () => (await schemas()).map((name) => ({ name })),
    getTables,
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- the interface still asks for it
    getMetadata: async () => ({ tables: await getTables() }),
  };
}
