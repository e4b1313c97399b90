import { z } from "zod";

/** Maps stand on the wire as lists of entries, in which an empty value is left out. */
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

/** A request that holds a configuration, as it was decoded. */
export const configuredRequest = z.object({ configuration });

export const testRequest = z.object({ name: z.string().default(""), configuration });

export const updateRequest = z.object({
  configuration,
  selection: selection.nullish(),
  state_json: z.string().nullish(),
});

/** What Fivetran says of one table: which columns somebody chose, and whether those that nobody has seen yet are wanted. */
export type TableSelection = z.output<typeof tables>[number];

/** A `Selection` of an `UpdateRequest`. */
export type Selection = z.output<typeof selection>;

export type TestRequest = z.output<typeof testRequest>;
export type UpdateRequest = z.output<typeof updateRequest>;
