import type { ExistingTable } from "../sql/dialect.ts";
import type { Connection } from "./connection.ts";

interface ColumnRow {
  readonly kind: string;
  readonly name: string | null;
  readonly type: string;
  readonly in_key: string | null;
  readonly required: string | null;
}

const kinds: Readonly<Record<string, string>> = {
  r: "table",
  p: "partitioned table",
  v: "view",
  m: "materialized view",
  f: "foreign table",
  S: "sequence",
  i: "index",
  c: "type",
};

/** The relation of this name in a schema, from the catalog. */
export async function findTable(
  connection: Connection,
  schema: string,
  name: string,
): Promise<ExistingTable | undefined> {
  const { rows } = await connection.query<ColumnRow>(
    `select c.relkind as kind, a.attname as name, format_type(a.atttypid, a.atttypmod) as type,
        a.attnum = any(i.indkey) as in_key,
        a.attnotnull and not a.atthasdef and a.attidentity = '' as required
      from pg_class c
      join pg_namespace n on n.oid = c.relnamespace
      left join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      left join pg_index i on i.indrelid = c.oid and i.indisprimary
      where n.nspname = $1 and c.relname = $2 order by a.attnum`,
    [schema, name],
  );
  const [first] = rows;
  if (!first) return undefined;
  const columns = rows.flatMap(({ name: column, type }) =>
    column === null ? [] : [[column, type] as const],
  );
  const namesOf = (chosen: readonly ColumnRow[]): string[] =>
    chosen.flatMap((row) => row.name ?? []);
  return {
    kind: kinds[first.kind] ?? `relation of kind ${first.kind}`,
    columns: new Map(columns),
    primaryKey: namesOf(rows.filter(({ in_key }) => in_key === "t")),
    required: namesOf(rows.filter(({ required }) => required === "t")),
  };
}
