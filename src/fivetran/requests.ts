import { z } from "zod";

/** On the wire, a map is a list of entries that omit empty values. */
const configuration = z
  .array(z.object({ key: z.string().default(""), value: z.string().default("") }))
  .default([])
  .transform((entries) => Object.fromEntries(entries.map(({ key, value }) => [key, value])));

const columns = z
  .array(z.object({ key: z.string().default(""), value: z.boolean().default(false) }))
  .default([])
  .transform((entries) => Object.fromEntries(entries.map(({ key, value }) => [key, value])));

const tables = z
  .array(
    z.object({
      included: z.boolean().default(false),
      table_name: z.string().default(""),
      columns,
      include_new_columns: z.boolean().default(false),
    }),
  )
  .default([]);

const schema = z.object({
  included: z.boolean().default(false),
  tables,
  include_new_tables: z.boolean().default(false),
});

const selection = z.object({
  without_schema: z.object({ tables, include_new_tables: z.boolean().default(false) }).nullish(),
  with_schema: z
    .object({
      schemas: z.array(schema).default([]),
      include_new_schemas: z.boolean().default(false),
    })
    .nullish(),
});

/** A decoded request that contains a configuration. */
export const configuredRequest = z.object({ configuration });

/** A decoded `TestRequest`. */
export const testRequest = z.object({ name: z.string().default(""), configuration });

/** A decoded `UpdateRequest`. */
export const updateRequest = z.object({
  configuration,
  selection: selection.nullish(),
  state_json: z.string().nullish(),
});

/** The selection for one table: whether it is included, which columns, and whether new ones are. */
export type TableSelection = z.output<typeof tables>[number];

/** Which tables and columns an `UpdateRequest` selects. */
export type Selection = z.output<typeof selection>;

/** A request to run a connection test. */
export type TestRequest = z.output<typeof testRequest>;
/** A request to sync. */
export type UpdateRequest = z.output<typeof updateRequest>;
