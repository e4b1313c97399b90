import type { ExistingTable } from "../sql/dialect.ts";
import type { Connection } from "./connection.ts";

interface ColumnRow {
  readonly kind: string;
  readonly hides_rows: string | null;
  readonly name: string | null;
  readonly type: string;
  readonly in_key: string | null;
  readonly key_is_immediate: string | null;
  readonly required: string | null;
  readonly nullable: string | null;
  readonly generated: string | null;
}

const kinds: Readonly<Record<string, string>> = {
  r: "a table",
  p: "a partitioned table",
  v: "a view",
  m: "a materialized view",
  f: "a foreign table",
  S: "a sequence",
  i: "an index",
  I: "a partitioned index",
  c: "a type",
};

/** The table, or whatever else has this name in a schema, from the catalog. */
export async function findTable(
  connection: Pick<Connection, "query">,
  schema: string,
  name: string,
): Promise<ExistingTable | undefined> {
  const { rows } = await connection.query<ColumnRow>(columnsQuery, [schema, name]);
  const [first] = rows;
  if (!first) return undefined;
  const columns = rows.flatMap(({ name: column, type }) =>
    column === null ? [] : [[column, type] as const],
  );
  const namesOf = (chosen: readonly ColumnRow[]): string[] =>
    chosen.flatMap((row) => row.name ?? []);
  return {
    kind: kinds[first.kind] ?? `a relation of kind ${first.kind}`,
    obstacle: obstacleOf(first),
    columns: new Map(columns),
    primaryKey: namesOf(rows.filter(({ in_key }) => in_key === "t")),
    required: namesOf(rows.filter(({ required }) => required === "t")),
    nullable: namesOf(rows.filter(({ nullable }) => nullable === "t")),
    generated: namesOf(rows.filter(({ generated }) => generated === "t")),
  };
}

/**
 * The type of a column is that of its domain, if it has one. Types are prefixed with `enum`, and
 * followed by `nondeterministic` if the column's collation takes different texts as equal.
 */
const columnsQuery = `
  select c.relkind as kind, row_security_active(c.oid) as hides_rows, a.attname as name,
      case when t.typtype = 'e' then 'enum ' else '' end
        || format_type(
          case when t.typtype = 'd' then t.typbasetype else a.atttypid end,
          case when t.typtype = 'd' then t.typtypmod else a.atttypmod end
        )
        || case when l.collisdeterministic is false then ' nondeterministic' else '' end as type,
      a.attnum = any(i.indkey) as in_key, i.indimmediate as key_is_immediate,
      a.attnotnull and not a.atthasdef and a.attidentity = '' as required,
      not a.attnotnull as nullable,
      a.attidentity = 'a' or a.attgenerated <> '' as generated
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    left join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    left join pg_type t on t.oid = a.atttypid
    left join pg_collation l on l.oid = a.attcollation
    left join pg_index i on i.indrelid = c.oid and i.indisprimary
    where n.nspname = $1 and c.relname = $2
  union all
  select 'c', null, null, null, null, null, null, null, null
    from pg_type t
    join pg_namespace n on n.oid = t.typnamespace
    where n.nspname = $1 and t.typname = $2 and t.typrelid = 0 and t.typelem = 0`;

function obstacleOf({ hides_rows, key_is_immediate }: ColumnRow): string | undefined {
  if (hides_rows === "t")
    return "row level security applies to this user, and may hide rows that a sync must see; let the user own the table without FORCE ROW LEVEL SECURITY, or give it BYPASSRLS";
  if (key_is_immediate === "f")
    return "its primary key is DEFERRABLE, which excludes upserts; make it NOT DEFERRABLE";
  return undefined;
}
