import { join } from "node:path";
import { Client } from "pg";
import { itemTable, opikProgram, startOpik } from "../services/opik.ts";
import type { MeasuredRun } from "../program.ts";
import { formatSeconds, explainTime } from "../explain-usage.ts";
import {
  under,
  atMost,
  formatInteger,
  type BenchContext,
  type Figure,
  type Scenario,
} from "../scenario.ts";
import { newSqlite, newTarget } from "../target.ts";
import { WalWatch, type WriteCounts } from "../wal-watch.ts";
import type { Server } from "../worker.ts";

/** The same items again, in full: nothing of their table is written. Rivulet's own tables, which know of each sync, are. */
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
  const written = { ofTable: after.ofTable - before.ofTable, inAll: after.inAll - before.inAll };
  return toFigure("postgres", { first, second, written, unit: "rows" });
}

async function rowsWritten(destination: string): Promise<WriteCounts> {
  const url = new URL(destination);
  const schema = url.searchParams.get("schema");
  url.search = "";
  const client = new Client({ connectionString: url.href });
  await client.connect();
  const { rows } = await client.query<Record<keyof WriteCounts, string>>(
    `select sum(written) as "inAll", sum(written) filter (where relname = $2) as "ofTable"
     from (select relname, n_tup_ins + n_tup_upd + n_tup_del as written
           from pg_stat_user_tables where schemaname = $1) as tables`,
    [schema, itemTable],
  );
  await client.end();
  return { ofTable: Number(rows[0]?.ofTable), inAll: Number(rows[0]?.inAll) };
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
    measured: `${second.seconds.toFixed(2)} s, ${formatInteger(written.ofTable)} ${unit} of the items written, ${formatInteger(written.inAll)} in all`,
    floor: `${first.seconds.toFixed(2)} s the first time`,
    ratio,
    aims: [under(1, ratio), atMost(0, written.ofTable, `${unit} of the items`)],
    goes: explainTime({
      run: second,
      notes: [
        `the first time it used ${formatSeconds(first.cpuSeconds)} of CPU in ${formatSeconds(first.seconds)}`,
      ],
      remainder: "each row is compared with the one that stands, looked up by a random id",
    }),
    detail: {
      ...{ seconds: second.seconds, cpuSeconds: second.cpuSeconds, firstSeconds: first.seconds },
      ...{ written: written.ofTable, writtenInAll: written.inAll },
    },
  };
}
