import type { Stream } from "../core/source.ts";
import type { Selection, TableSelection } from "./requests.ts";

/** A stream, and which of its columns are wanted; those of the key always are. */
export interface SelectedTable {
  readonly stream: Stream;
  readonly columns: readonly string[];
}

/** The streams and columns that somebody wants, new ones included where that was chosen. Without a selection: all. */
export function selectTables(
  streams: readonly Stream[],
  selection: Selection | null | undefined,
): readonly SelectedTable[] {
  const { tables, includeNew } = tableChoices(selection);
  return streams.flatMap((stream) => {
    const choice = tables.find(({ table_name }) => table_name === stream.name);
    if (!(choice?.included ?? includeNew)) return [];
    return [{ stream, columns: selectColumns(stream, choice) }];
  });
}

interface Choices {
  readonly tables: readonly TableSelection[];
  readonly includeNew: boolean;
}

/** Our tables are in no schema; where schemas are named all the same, the tables in them count. */
function tableChoices(selection: Selection | null | undefined): Choices {
  const { without_schema: plain, with_schema: named } = selection ?? {};
  if (plain) return { tables: plain.tables, includeNew: plain.include_new_tables };
  if (!named) return { tables: [], includeNew: true };
  const included = named.schemas.filter((schema) => schema.included);
  return {
    tables: included.flatMap(({ tables }) => tables),
    includeNew: named.include_new_schemas || included.some((schema) => schema.include_new_tables),
  };
}

function selectColumns(
  { columns, primaryKey }: Stream,
  choice: TableSelection | undefined,
): readonly string[] {
  const isWanted = (column: string): boolean =>
    choice?.columns[column] ?? choice?.include_new_columns ?? true;
  return Object.keys(columns).filter((column) => primaryKey.includes(column) || isWanted(column));
}
