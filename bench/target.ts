import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { Client } from "pg";
import { z } from "zod";
import type { BenchContext } from "./scenario.ts";
import { runWorker } from "./worker.ts";

/** What a worker says it did. */
export const throughputShape = z.object({ rows: z.number(), seconds: z.number() });
export type Throughput = z.infer<typeof throughputShape>;

/** An empty database to sync into. */
export interface Target extends AsyncDisposable {
  /** As the programs take it. */
  readonly destination: string;
  /** How fast a bare loop of the driver is with the rows that stand in a table now. */
  floor(table: string): Promise<Throughput>;
}

export type TargetKind = "sqlite" | "postgres";
export const targetKinds: readonly TargetKind[] = ["sqlite", "postgres"];

/** A new database of a kind. */
export async function newTarget(kind: TargetKind, context: BenchContext): Promise<Target> {
  const name = `bench_${randomBytes(4).toString("hex")}`;
  if (kind === "sqlite") return newSqlite(join(context.folder, name));
  return newPostgres(await context.postgres(), name);
}

export interface SqliteTarget extends Target {
  readonly path: string;
}

/** A file that is not there yet. */
export function newSqlite(base: string): SqliteTarget {
  const path = `${base}.db`;
  return {
    path,
    destination: `sqlite:${path}`,
    floor: async (table) =>
      (
        await runWorker(
          "floor-sqlite",
          { from: path, to: `${base}-floor.db`, table },
          throughputShape,
        )
      ).answer,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

function newPostgres(url: string, schema: string): Target {
  return {
    destination: `${url}?schema=${schema}`,
    floor: async (table) =>
      (await runWorker("floor-postgres", { url, schema, table }, throughputShape)).answer,
    async [Symbol.asyncDispose]() {
      const client = new Client({ connectionString: url });
      await client.connect();
      await client.query(`drop schema if exists ${schema} cascade`);
      await client.end();
    },
  };
}
