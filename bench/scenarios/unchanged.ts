import { join } from "node:path";
import { Client } from "pg";
import { itemTable, opikProgram, startOpik } from "../services/opik.ts";
import type { Measured } from "../program.ts";
import type { BenchContext, Figure, Scenario } from "../scenario.ts";
import { newSqlite, newTarget } from "../target.ts";
import { WalWatch } from "../wal.ts";
import type { Server } from "../worker.ts";

/** The same items again, in full: nothing of their table is written. */
export const unchanged: Scenario = {
  name: "unchanged",
  async *run(context) {
    await using server = await startOpik({ itemsPerDataset: context.short ? 20_000 : 200_000 });
    yield await inSqlite(context, server);
    yield await inPostgres(context, server);
  },
};

async function inSqlite(context: BenchContext, server: Server): Promise<Figure> {
  const { path, destination } = newSqlite(join(context.folder, "unchanged"));
  const sync = await opikProgram(context, { server, destination });
  const first = await sync();
  using wal = new WalWatch(path);
  const second = await sync(["--full-refresh"]);
  return figureOf("sqlite", { first, second, written: wal.pagesWritten(itemTable), of: "pages" });
}

async function inPostgres(context: BenchContext, server: Server): Promise<Figure> {
  await using target = await newTarget("postgres", context);
  const { destination } = target;
  const sync = await opikProgram(context, { server, destination });
  const first = await sync();
  const before = await tuplesWritten(destination);
  const second = await sync(["--full-refresh"]);
  const written = (await tuplesWritten(destination)) - before;
  return figureOf("postgres", { first, second, written, of: "rows" });
}

async function tuplesWritten(destination: string): Promise<number> {
  const url = new URL(destination);
  const schema = url.searchParams.get("schema");
  url.search = "";
  const client = new Client({ connectionString: url.href });
  await client.connect();
  const { rows } = await client.query<{ written: string }>(
    `select n_tup_ins + n_tup_upd + n_tup_del as written
     from pg_stat_user_tables where schemaname = $1 and relname = $2`,
    [schema, itemTable],
  );
  await client.end();
  return Number(rows[0]?.written);
}

interface Runs {
  readonly first: Measured;
  readonly second: Measured;
  readonly written: number;
  readonly of: string;
}

function figureOf(kind: string, { first, second, written, of }: Runs): Figure {
  const ratio = second.seconds / first.seconds;
  return {
    scenario: `unchanged, ${kind}`,
    measured: `${second.seconds.toFixed(2)} s, ${written} ${of} written`,
    floor: `${first.seconds.toFixed(2)} s the first time`,
    ratio,
    aim: `< 1, 0 ${of}`,
    met: ratio < 1 && written === 0,
    timeGoes: "each row is compared with the one that stands, looked up by a random id",
    detail: { seconds: second.seconds, firstSeconds: first.seconds, written },
  };
}
