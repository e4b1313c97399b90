import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Client, escapeIdentifier } from "pg";
import { from as copyFrom, to as copyTo } from "pg-copy-streams";
import { z } from "zod";
import { readWorkerOptions } from "../worker.ts";

const rowsPerTransaction = 10_000;

/**
 * The floor: the rows of a table that rivulet has filled are copied from memory into a temporary
 * table, with COPY, and upserted into an identical table. Reading them into memory is not counted.
 */
const { url, schema, table } = readWorkerOptions(
  z.object({ url: z.string(), schema: z.string(), table: z.string() }),
);
const client = new Client({ connectionString: url });
await client.connect();
const source = `${escapeIdentifier(schema)}.${escapeIdentifier(table)}`;
const target = `${escapeIdentifier(schema)}.${escapeIdentifier(`floor of ${table}`)}`;
await client.query(`drop table if exists ${target}`);
await client.query(`create table ${target} (like ${source} including all)`);
await client.query(
  `create temporary table staging on commit delete rows as select * from ${source} with no data`,
);
const { rows: columns } = await client.query<{ name: string; key: boolean }>(
  `select attname as name, coalesce(attnum = any(indkey), false) as key from pg_attribute
   left join pg_index on indrelid = attrelid and indisprimary
   where attrelid = $1::regclass and attnum > 0 and not attisdropped order by attnum`,
  [source],
);
const chunks = await copyOut();

const start = performance.now();
for (const chunk of chunks) await store(chunk);
const seconds = (performance.now() - start) / 1000;
const { rows } = await client.query<{ rows: string }>(`select count(*) as rows from ${target}`);
await client.query(`drop table ${target}`);
await client.end();
process.stdout.write(`${JSON.stringify({ rows: Number(rows[0]?.rows), seconds })}\n`);

async function store(lines: readonly Buffer[]): Promise<void> {
  const names = columns.map(({ name }) => escapeIdentifier(name)).join(",");
  const keys = columns.filter(({ key }) => key).map(({ name }) => escapeIdentifier(name));
  const set = columns.filter(({ key }) => !key).map(({ name }) => escapeIdentifier(name));
  await client.query("begin");
  const into = client.query(copyFrom("copy staging from stdin"));
  await pipeline(Readable.from(lines), into);
  await client.query(`insert into ${target} (${names}) select ${names} from staging
    on conflict (${keys.join(",")}) do update set ${set.map((name) => `${name} = excluded.${name}`).join(",")}`);
  await client.query("commit");
}

/** The rows in COPY's format and storage order, in chunks of one transaction each. */
async function copyOut(): Promise<Buffer[][]> {
  const out = client.query(copyTo(`copy (select * from ${source} order by ctid) to stdout`));
  const parts: Buffer[][] = [];
  let part: Buffer[] = [];
  let lines = 0;
  for await (const chunk of out as AsyncIterable<Buffer>) {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, end + 1)) {
      lines += 1;
      if (lines < rowsPerTransaction) continue;
      part.push(chunk.subarray(start, end + 1));
      parts.push(part);
      [part, lines, start] = [[], 0, end + 1];
    }
    if (start < chunk.length) part.push(chunk.subarray(start));
  }
  return part.length > 0 ? [...parts, part] : parts;
}
