import type { Stream } from "../core/source.ts";
import type { Selection, TableSelection } from "./requests.ts";

/** A stream to copy, and which of its columns. */
export interface SelectedTable {
  readonly stream: Stream;
  /** In table order; always includes the primary key. */
  readonly columns: readonly string[];
}

/** The selected streams and columns, including new ones if selected. Without a selection: all. */
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

/** Rivulet's tables have no schema; if the selection has schemas, their tables count. */
function tableChoices(selection: Selection | null | undefined): Choices {
  const { without_schema: withoutSchema, with_schema: withSchema } = selection ?? {};
  if (withoutSchema)
    return { tables: withoutSchema.tables, includeNew: withoutSchema.include_new_tables };
  if (!withSchema) return { tables: [], includeNew: true };
  const { schemas, include_new_schemas: includeNewSchemas } = withSchema;
  const included = schemas.filter((schema) => schema.included);
  const excluded = schemas.filter((schema) => !schema.included).flatMap(({ tables }) => tables);
  // Ours would be in one of them: only without any can a schema be new.
  const isExcluded = schemas.length > 0 && included.length === 0;
  return {
    tables: [
      ...included.flatMap(({ tables }) => tables),
      ...excluded.map((table) => ({ ...table, included: false })),
    ],
    includeNew:
      (includeNewSchemas && !isExcluded) || included.some((schema) => schema.include_new_tables),
  };
}

function selectColumns(
  { columns, primaryKey }: Stream,
  choice: TableSelection | undefined,
): readonly string[] {
  const isSelected = (column: string): boolean =>
    choice?.columns[column] ?? choice?.include_new_columns ?? true;
  return Object.keys(columns).filter((column) => primaryKey.includes(column) || isSelected(column));
}
