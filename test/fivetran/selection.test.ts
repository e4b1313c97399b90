import { expect, test } from "vitest";
import { selectTables } from "../../src/fivetran/selection.ts";

const streams = ["runs", "metrics"].map((name) => ({
  ...({ name, columns: { id: "string" }, primaryKey: ["id"] } as const),
  read: () => {
    throw new Error("is not read");
  },
}));

const table = (table_name: string, included = true) => ({
  ...{ table_name, included, columns: {}, include_new_columns: true },
});

const schema = (included: boolean, tables = [table("runs")], include_new_tables = false) => ({
  ...{ included, tables, include_new_tables },
});

test.each([
  ["an included schema", [schema(true)], false, ["runs"]],
  ["an included schema with new tables", [schema(true, [], true)], false, ["runs", "metrics"]],
  ["an excluded schema", [schema(false)], false, []],
  ["an excluded schema, with new schemas", [schema(false)], true, []],
  ["an excluded schema with new tables, with new schemas", [schema(false, [], true)], true, []],
  ["one of each, with new schemas", [schema(true, []), schema(false)], true, ["metrics"]],
  ["a table that one of them includes", [schema(false), schema(true)], false, ["runs"]],
  ["no schema, with new schemas", [], true, ["runs", "metrics"]],
  ["no schema", [], false, []],
])("%s", (_what, schemas, include_new_schemas, expected) => {
  const selected = selectTables(streams, { with_schema: { schemas, include_new_schemas } });
  expect(selected.map(({ stream }) => stream.name)).toEqual(expected);
});
