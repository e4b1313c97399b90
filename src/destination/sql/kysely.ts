import {
  Kysely,
  type DatabaseIntrospector,
  type DialectAdapter,
  type Driver,
  type QueryCompiler,
  type QueryResult,
} from "kysely";
import type { SystemTables } from "./system-tables.ts";

interface KyselyConnection {
  readonly compiler: () => QueryCompiler;
  readonly execute: (sql: string, parameters: readonly unknown[]) => Promise<QueryResult<unknown>>;
  /** Names of the schemas; with `tables`, all that the migrator introspects. */
  readonly schemas: () => Promise<readonly string[]>;
  /** Names of the tables in our schema. */
  readonly tables: () => Promise<readonly string[]>;
}

/**
 * Kysely on one connection. The caller controls its transactions, and thereby the lock around
 * migrations.
 */
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
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- the interface still requires it
    getMetadata: async () => ({ tables: await getTables() }),
  };
}
