import { createHash } from "node:crypto";
import { sql, type RawBuilder } from "kysely";
import type { Range, Sweep } from "../../core/source.ts";
import { ValueError } from "../../core/value-error.ts";
import { deletedColumn, syncedAtColumn } from "./column-names.ts";
import type { PreparedColumn, PreparedTable, Transaction } from "./dialect.ts";
import type { SqlValue } from "./sql-value.ts";
import { systemPrefix } from "./system-tables.ts";
import type { WritableTable } from "./writable-table.ts";

interface PendingIndex {
  readonly table: PreparedTable;
  readonly sources: readonly string[];
}

/** Marks rows as deleted, by key or because a sweep does not list them, and counts them. */
export class SoftDeletes {
  readonly #keyCollation: RawBuilder<unknown>;
  readonly #indexed = new Set<string>();
  /** Indexes that later sweeps need on tables whose first load is in progress. */
  readonly #pending = new Map<string, PendingIndex>();

  constructor(keyCollation: string) {
    this.#keyCollation = sql.raw(keyCollation);
  }

  /** Marks the rows with these keys. Returns how many were not marked before. */
  async markByKey(
    tx: Transaction,
    { table }: WritableTable,
    { keys, syncedAt }: { keys: readonly SqlValue[][]; syncedAt: string },
  ): Promise<number> {
    if (keys.length === 0) return 0;
    const columns = keyColumns(table);
    const keyOfRow = sql.join(columns.map(({ name }) => sql.id("t", name)));
    const keySource = sql`select ${sql.join(columns.map((_, index) => sql.id(`k${index}`)))} from ${await tx.keyRelation(columns, keys)} as k`;
    return await markDeleted(tx, { table, syncedAt, where: sql`(${keyOfRow}) in (${keySource})` });
  }

  /** Marks the rows that a sweep covers and does not list. Returns how many. */
  async sweep(
    tx: Transaction,
    { table, encoder }: WritableTable,
    { sweep, syncedAt }: { sweep: Sweep; syncedAt: string },
  ): Promise<number> {
    const sources = Object.keys(sweep.where ?? {});
    if (!table.hadRows && !sweep.again) {
      // A table that was empty holds only rows that this traversal has just listed.
      this.#pending.set(JSON.stringify([table.name, sources]), { table, sources });
      return 0;
    }
    const where = this.#conditions({ table, encoder }, sweep);
    if (!where) return 0;
    await this.#createIndex(tx, table, sources);
    const keys = encoder.encodeKeys(sweep.keys, sweep.by);
    if (keys.length > 0) {
      const columns = sweep.by?.map((source) => requireColumn(table, source)) ?? keyColumns(table);
      const keySource = await tx.keyRelation(columns, keys);
      const matches = columns.map(
        ({ name }, index) => sql`${sql.id("t", name)} = ${sql.id("k", `k${index}`)}`,
      );
      where.push(
        sql`not exists (select 1 from ${keySource} as k where ${sql.join(matches, sql` and `)})`,
      );
    }
    return await markDeleted(tx, {
      table,
      syncedAt,
      where: sql.join([sql`true`, ...where], sql` and `),
    });
  }

  /** Whether `createPendingIndexes` has anything to do. */
  get hasPendingIndexes(): boolean {
    return this.#pending.size > 0;
  }

  /** Creates the indexes for later sweeps. Call it after the first load, which they would slow. */
  async createPendingIndexes(tx: Transaction): Promise<void> {
    for (const { table, sources } of this.#pending.values())
      await this.#createIndex(tx, table, sources);
    this.#pending.clear();
  }

  /** Conditions that select the swept rows; undefined if no row can satisfy them. */
  #conditions(
    { table, encoder }: Pick<WritableTable, "table" | "encoder">,
    sweep: Sweep,
  ): RawBuilder<unknown>[] | undefined {
    const { where = {}, range } = sweep;
    const conditions: RawBuilder<unknown>[] = [];
    try {
      for (const [source, value] of Object.entries(where)) {
        const { name, storage } = requireColumn(table, source);
        const column = sql`${sql.id("t", name)}${sql.raw(storage?.exactly ?? "")}`;
        if (value == null) conditions.push(sql`${column} is null`);
        else conditions.push(sql`${column} = ${encoder.encodeValue(source, value)}`);
      }
      if (range) conditions.push(...this.#between({ table, encoder }, range));
      return conditions;
    } catch (error) {
      if (error instanceof ValueError) return undefined;
      throw error;
    }
  }

  #between(
    { table, encoder }: Pick<WritableTable, "table" | "encoder">,
    { column: source, from, below }: Range,
  ): RawBuilder<unknown>[] {
    const { name, type, storage } = requireColumn(table, source);
    const collation = storage
      ? sql.raw(storage.exactly)
      : type === "string"
        ? this.#keyCollation
        : sql``;
    const value = sql`${sql.id("t", name)}${collation}`;
    return [
      ...(from == null ? [] : [sql`${value} >= ${encoder.encodeValue(source, from)}`]),
      ...(below == null ? [] : [sql`${value} < ${encoder.encodeValue(source, below)}`]),
    ];
  }

  /** Creates an index on the columns of a sweep's `where`, once. */
  async #createIndex(
    tx: Transaction,
    table: PreparedTable,
    sources: readonly string[],
  ): Promise<void> {
    const columns = sources.map((source) => requireColumn(table, source).name);
    const id = JSON.stringify([table.name, ...columns]);
    const key = keyColumns(table).slice(0, columns.length);
    // No index is needed without columns, or if the primary key begins with them.
    if (key.every(({ name }) => columns.includes(name)) || this.#indexed.has(id)) return;
    const name = systemPrefix + createHash("sha256").update(id).digest("hex").slice(0, 16);
    const on = sql.join(columns.map((column) => sql.id(column)));
    await sql`create index if not exists ${sql.id(name)} on ${tx.table(table.name)} (${on})`.execute(
      tx.db,
    );
    this.#indexed.add(id);
  }
}

async function markDeleted(
  tx: Transaction,
  {
    table,
    syncedAt,
    where,
  }: { table: PreparedTable; syncedAt: string; where: RawBuilder<unknown> },
): Promise<number> {
  const deleted = sql.id(deletedColumn);
  const result = await sql`update ${tx.table(table.name)} as t
    set ${deleted} = true, ${sql.id(syncedAtColumn)} = ${syncedAt}
    where not t.${deleted} and ${where}`.execute(tx.db);
  return Number(result.numAffectedRows ?? 0);
}

function keyColumns({ columns, keyIndexes }: PreparedTable): PreparedColumn[] {
  return keyIndexes.map((index) => columns[index]).filter((column) => column !== undefined);
}

function requireColumn(table: PreparedTable, source: string): PreparedColumn {
  const column = table.columns.find((candidate) => candidate.source === source);
  if (!column) throw new Error(`table "${table.name}" has no column "${source}"`);
  return column;
}
