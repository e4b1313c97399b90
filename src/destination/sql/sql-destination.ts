import { randomUUID } from "node:crypto";
import { sql } from "kysely";
import type {
  Destination,
  Pipeline,
  Session,
  QuarantineReason,
  SettledEntry,
  State,
  SyncRecord,
  TableComparison,
} from "../../core/destination.ts";
import type { Log } from "../../core/log.ts";
import type { Key, Table } from "../../core/schema.ts";
import { bindParameters } from "./bind-parameters.ts";
import { parseState, readCheckpoints } from "./checkpoints.ts";
import { deletedColumn } from "./column-names.ts";
import type { Dialect, PreparedTable } from "./dialect.ts";
import type { Findings } from "./findings.ts";
import { findFormerHolder, stillWritingError, takeLease } from "./lease.ts";
import { migrate } from "./migrate.ts";
import { keyNames } from "./key-names.ts";
import { describeExistingTable, describeTable, tableName } from "./prepare-table.ts";
import { SqlSession } from "./session.ts";
import { readQuarantineReasons } from "./quarantine-reasons.ts";
import { readSettledEntries } from "./settled-entries.ts";
import type { SqlValue } from "./sql-value.ts";
import { readSyncs } from "./sync-log.ts";
import { SqlTableComparison } from "./table-comparison.ts";

const keysPerPage = 10_000;

interface SqlDestinationOptions {
  readonly log: Log;
  /** After how long a lease expires that is not renewed. */
  readonly leaseMs: number;
  /** Interval of the renewals. */
  readonly renewMs: number;
  /** How many syncs of each pipeline the log keeps. */
  readonly keepSyncs: number;
  readonly openFindings: () => Promise<Findings>;
}

/** A destination in a SQL database. */
export class SqlDestination implements Destination {
  readonly #dialect: Dialect;
  readonly #options: SqlDestinationOptions;

  constructor(dialect: Dialect, options: SqlDestinationOptions) {
    this.#dialect = dialect;
    this.#options = options;
  }

  get label(): string {
    return this.#dialect.label;
  }

  async check(): Promise<void> {
    await this.#dialect.withRollback(async (tx) => {
      await migrate(this.#dialect, tx);
      await sql`create table ${tx.table("_rivulet_check")} (works integer)`.execute(tx.db);
    });
  }

  async lock(pipeline: Pipeline): Promise<Session> {
    const { leaseMs, renewMs, keepSyncs, log } = this.#options;
    await this.#dialect.write("migrate", (tx) => migrate(this.#dialect, tx));
    await this.#endFormerTransactions(pipeline);
    const id = randomUUID();
    const { tag } = this.#dialect;
    const lease = await this.#dialect.write(pipeline.name, (tx) =>
      takeLease(tx, pipeline, { id, tag, durationMs: leaseMs }),
    );
    const session = new SqlSession(this.#dialect, { lease, renewMs, keepSyncs, log });
    try {
      await session.load();
      return session;
    } catch (error) {
      await session[Symbol.asyncDispose]();
      throw error;
    }
  }

  state(pipeline: string): Promise<State> {
    return this.#dialect.read(async (tx) => {
      if (!(await tx.findTable("_rivulet_state"))) return new Map();
      return parseState(await readCheckpoints(tx, pipeline));
    });
  }

  syncs(limit: number, pipeline?: string): Promise<readonly SyncRecord[]> {
    return this.#dialect.read(async (tx) =>
      (await tx.findTable("_rivulet_sync")) ? readSyncs(tx, limit, pipeline) : [],
    );
  }

  settledEntries(pipeline: string): Promise<readonly SettledEntry[]> {
    return this.#dialect.read((tx) => readSettledEntries(tx, pipeline));
  }

  quarantineReasons(pipeline: string): Promise<readonly QuarantineReason[]> {
    return this.#dialect.read((tx) => readQuarantineReasons(tx, pipeline));
  }

  async select(
    query: string,
    parameters: readonly (string | number)[] = [],
  ): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const bound = bindParameters(query, parameters);
    return await this.#dialect.read(async (tx) => (await bound.execute(tx.db)).rows);
  }

  async *keys(table: Table): AsyncIterable<Key> {
    let after: readonly SqlValue[] | undefined;
    do {
      const page = await this.#readKeyPage(table, after);
      yield* page.keys;
      after = page.last;
    } while (after);
  }

  rowCount(table: Table): Promise<number> {
    const name = tableName(this.#dialect, table.name);
    return this.#dialect.read(async (tx) => {
      if (!(await tx.findTable(name))) return 0;
      const query = sql<{ n: SqlValue }>`select count(*) as n from ${tx.table(name)}
        where not ${sql.id(deletedColumn)}`;
      return Number((await query.execute(tx.db)).rows[0]?.n ?? 0);
    });
  }

  async compare(
    table: Table,
    { keysOnly }: { readonly keysOnly: boolean },
  ): Promise<TableComparison> {
    const name = tableName(this.#dialect, table.name);
    const existing = await this.#dialect.read((tx) => tx.findTable(name));
    const described = existing
      ? describeExistingTable(this.#dialect, table, existing)
      : describeTable(this.#dialect, table, { name, existing });
    return new SqlTableComparison({
      dialect: this.#dialect,
      table: keysOnly ? keyColumnsOnly(described) : described,
      existing,
      findings: await this.#options.openFindings(),
      storedKeys: () => this.keys(table),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#dialect[Symbol.asyncDispose]();
  }

  /**
   * Ends what the server still does for a process that was lost or suspended in a transaction, and
   * whose lock may be taken over: the transaction would exclude ours.
   */
  async #endFormerTransactions(pipeline: Pipeline): Promise<void> {
    if (this.#dialect.tag === undefined) return;
    const former = await this.#dialect.read((tx) => findFormerHolder(tx, pipeline));
    const { holder, isDead } = former ?? {};
    if (holder?.tag === undefined) return;
    if (!(await this.#dialect.endTransactions(holder.tag, { onlyWaiting: isDead !== true })))
      throw stillWritingError(pipeline.name, holder);
  }

  async #readKeyPage(
    table: Table,
    after: readonly SqlValue[] | undefined,
  ): Promise<{ keys: Key[]; last: SqlValue[] | undefined }> {
    const name = tableName(this.#dialect, table.name);
    const rows = await this.#dialect.read(async (tx) => {
      const existing = await tx.findTable(name);
      if (!existing) return [];
      const names = keyNames(describeTable(this.#dialect, table, { name, existing }));
      const columns = sql.join(
        names.map((column, index) => sql`${sql.id(column)} as ${sql.id(`k${index}`)}`),
      );
      const order = sql.join(names.map((column) => sql.id(column)));
      const next = after ? sql`and (${order}) > (${sql.join(after)})` : sql``;
      const query = sql<Record<string, SqlValue>>`select ${columns} from ${tx.table(name)}
        where not ${sql.id(deletedColumn)} ${next} order by ${order} limit ${sql.lit(keysPerPage)}`;
      return (await query.execute(tx.db)).rows;
    });
    const { decode } = this.#dialect.mapping;
    const types = table.primaryKey.map((column) => table.columns[column] ?? "string");
    const raw = rows.map((row) => types.map((_, index) => row[`k${index}`] ?? null));
    const keys = raw.map((key) => types.map((type, index) => decode[type](key[index] ?? null)));
    return { keys, last: rows.length === keysPerPage ? raw.at(-1) : undefined };
  }
}

function keyColumnsOnly(table: PreparedTable): PreparedTable {
  const columns = table.keyIndexes
    .map((index) => table.columns[index])
    .filter((column) => column !== undefined);
  return { ...table, columns, keyIndexes: [...columns.keys()], stampedIndexes: [] };
}
