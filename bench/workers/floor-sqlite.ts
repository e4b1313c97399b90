import Database from "better-sqlite3";
import { z } from "zod";
import { connectForWriting } from "../../src/destination/sqlite/connection.ts";
import { quoteIdentifier } from "../../src/destination/sqlite/quote-identifier.ts";
import { readWorkerOptions } from "../worker.ts";

const rowsAtOnce = 50;
const rowsPerTransaction = 10_000;
const rowsPerChunk = 200_000;

/**
 * The floor: a bare loop over the driver upserts the rows of a table that rivulet has filled, in
 * storage order, into an identical table of a new file with the same settings. The time to read the
 * rows into memory is not counted.
 */
const { from, to, table } = readWorkerOptions(
  z.object({ from: z.string(), to: z.string(), table: z.string() }),
);
const source = new Database(from, { readonly: true });
const schema = source
  .prepare<[string], { sql: string }>("select sql from sqlite_schema where name = ?")
  .get(table);
const columns = source
  .prepare<[string], { name: string; pk: number }>("select name, pk from pragma_table_info(?)")
  .all(table);
const target = connectForWriting(to);
target.exec(schema?.sql ?? "");
const many = target.prepare(upsertSql(rowsAtOnce));
const one = target.prepare(upsertSql(1));

let milliseconds = 0;
let rows = 0;
let pending: unknown[] = [];
const width = columns.length;
for (const row of source
  .prepare<[], unknown[]>(`select * from ${quoteIdentifier(table)} order by rowid`)
  .raw()
  .iterate()) {
  pending.push(...row);
  rows += 1;
  if (pending.length >= rowsPerChunk * width) store();
}
store();
timed(() => target.close());
process.stdout.write(`${JSON.stringify({ rows, seconds: milliseconds / 1000 })}\n`);

function store(): void {
  const values = pending;
  pending = [];
  timed(() => {
    for (let start = 0; start < values.length; start += rowsPerTransaction * width) {
      target.exec("begin immediate");
      upsert(values.slice(start, start + rowsPerTransaction * width));
      target.exec("commit");
    }
  });
}

function upsert(values: readonly unknown[]): void {
  const step = rowsAtOnce * width;
  let start = 0;
  for (; start + step <= values.length; start += step) many.run(values.slice(start, start + step));
  for (; start < values.length; start += width) one.run(values.slice(start, start + width));
}

function timed(work: () => void): void {
  const start = performance.now();
  work();
  milliseconds += performance.now() - start;
}

function upsertSql(count: number): string {
  const names = columns.map(({ name }) => quoteIdentifier(name));
  const key = columns.filter(({ pk }) => pk > 0).sort((a, b) => a.pk - b.pk);
  const row = `(${names.map(() => "?").join(",")})`;
  const set = columns.filter(({ pk }) => pk === 0).map(({ name }) => quoteIdentifier(name));
  return `insert into ${quoteIdentifier(table)} (${names.join(",")}) values ${Array<string>(count).fill(row).join(",")}
    on conflict (${key.map(({ name }) => quoteIdentifier(name)).join(",")})
    do update set ${set.map((name) => `${name}=excluded.${name}`).join(",")}`;
}
