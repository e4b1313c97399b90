import { join } from "node:path";
import { Client } from "pg";
import { explainTime, formatSeconds } from "../explain-usage.ts";
import type { MeasuredRun } from "../program.ts";
import {
  atMost,
  type BenchContext,
  type Figure,
  formatInteger,
  type Scenario,
  under,
} from "../scenario.ts";
import { itemTable, opikProgram, startOpik } from "../services/opik.ts";
import { newSqlite, newTarget } from "../target.ts";
import { WalWatch, type WriteCounts } from "../wal-watch.ts";
import type { Server } from "../worker.ts";

/** A full refresh of unchanged items, which writes only rivulet's own tables. */
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
  const written = wal.pagesWritten(itemTable);
  return toFigure("sqlite", { first, second, written, unit: "pages" });
}

async function inPostgres(context: BenchContext, server: Server): Promise<Figure> {
  await using target = await newTarget("postgres", context);
  const { destination } = target;
  const sync = await opikProgram(context, { server, destination });
  const first = await sync();
  const before = await rowsWritten(destination);
  const second = await sync(["--full-refresh"]);
  const after = await rowsWritten(destination);
  const written = { inTable: after.inTable - before.inTable, total: after.total - before.total };
  return toFigure("postgres", { first, second, written, unit: "rows" });
}

async function rowsWritten(destination: string): Promise<WriteCounts> {
  const url = new URL(destination);
  const schema = url.searchParams.get("schema");
  url.search = "";
  const client = new Client({ connectionString: url.href });
  await client.connect();
  const { rows } = await client.query<Record<keyof WriteCounts, string>>(
    `select sum(written) as "total", sum(written) filter (where relname = $2) as "inTable"
     from (select relname, n_tup_ins + n_tup_upd + n_tup_del as written
           from pg_stat_user_tables where schemaname = $1) as tables`,
    [schema, itemTable],
  );
  await client.end();
  return { inTable: Number(rows[0]?.inTable), total: Number(rows[0]?.total) };
}

interface Runs {
  readonly first: MeasuredRun;
  readonly second: MeasuredRun;
  readonly written: WriteCounts;
  readonly unit: string;
}

function toFigure(kind: string, { first, second, written, unit }: Runs): Figure {
  const ratio = second.seconds / first.seconds;
  return {
    scenario: `unchanged, ${kind}`,
    measured: `${second.seconds.toFixed(2)} s, ${formatInteger(written.inTable)} ${unit} of the items written, ${formatInteger(written.total)} in total`,
    floor: `${first.seconds.toFixed(2)} s the first time`,
    ratio,
    aims: [under(1, ratio), atMost(0, written.inTable, `${unit} of the items`)],
    explanation: explainTime({
      run: second,
      notes: [
        `the first time it used ${formatSeconds(first.cpuSeconds)} of CPU in ${formatSeconds(first.seconds)}`,
      ],
      remainder: "each row is compared with the stored one, looked up by a random id",
    }),
    detail: {
      ...{ seconds: second.seconds, cpuSeconds: second.cpuSeconds, firstSeconds: first.seconds },
      ...{ written: written.inTable, writtenInAll: written.total },
    },
  };
}
