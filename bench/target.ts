import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { Client } from "pg";
import { z } from "zod";
import type { BenchContext } from "./scenario.ts";
import { runWorker } from "./worker.ts";

/** The result that a worker prints. */
export const throughputShape = z.object({ rows: z.number(), seconds: z.number() });

/** How many rows a worker stored, and in what time. */
export type Throughput = z.infer<typeof throughputShape>;

/** An empty database to sync into. */
interface Target extends AsyncDisposable {
  /** The URL for the `destination` option. */
  readonly destination: string;
  /** Measures a bare loop over the database driver with the rows that are in a table now. */
  floor(table: string): Promise<Throughput>;
}

/** The kinds of database that scenarios write to. */
export type TargetKind = "sqlite" | "postgres";

/** All kinds of database. */
export const targetKinds: readonly TargetKind[] = ["sqlite", "postgres"];

/** Creates an empty database of a kind. */
export async function newTarget(kind: TargetKind, context: BenchContext): Promise<Target> {
  const name = `bench_${randomBytes(4).toString("hex")}`;
  if (kind === "sqlite") return newSqlite(join(context.folder, name));
  return newPostgres(await context.postgres(), name);
}

interface SqliteTarget extends Target {
  readonly path: string;
}

/** A SQLite database at `${base}.db`, which does not exist yet. */
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
      ).result,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

function newPostgres(url: string, schema: string): Target {
  return {
    destination: `${url}?schema=${schema}`,
    floor: async (table) =>
      (await runWorker("floor-postgres", { url, schema, table }, throughputShape)).result,
    async [Symbol.asyncDispose]() {
      const client = new Client({ connectionString: url });
      await client.connect();
      await client.query(`drop schema if exists ${schema} cascade`);
      await client.end();
    },
  };
}
