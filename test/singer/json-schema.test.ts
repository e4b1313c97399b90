import { expect, test } from "vitest";
import type { ColumnType } from "../../src/core/schema.ts";
import { columnType, columnSchemas, propertiesOf } from "../../src/singer/json-schema.ts";

const root = {
  definitions: {
    text: { type: ["null", "string"] },
    when: { type: "string", format: "date-time" },
    loop: { $ref: "#/definitions/loop" },
  },
};

test.each<[unknown, ColumnType]>([
  [{ type: "integer" }, "integer"],
  [{ type: ["integer", "null"], maximum: 2 ** 64 }, "decimal"],
  [{ type: ["null", "number"] }, "double"],
  [{ type: "number", multipleOf: 1e-9 }, "decimal"],
  [{ type: ["integer", "number"] }, "double"],
  [{ type: "string", format: "singer.decimal" }, "decimal"],
  [{ type: "string", format: "email" }, "string"],
  [{ type: "string", format: "date" }, "date"],
  [{ anyOf: [{ type: "string", format: "date-time" }, { type: "null" }] }, "timestamp"],
  [{ anyOf: [{ type: "string", format: "date-time" }, { type: ["string", "null"] }] }, "string"],
  [{ oneOf: [{ type: "integer" }, { type: "string" }] }, "json"],
  [{ type: ["string", "integer"] }, "json"],
  [{ type: "object", properties: {} }, "json"],
  [{ type: "array", items: { type: "integer" } }, "json"],
  [{ $ref: "#/definitions/when" }, "timestamp"],
  [{ $ref: "#/definitions/loop" }, "json"],
  [{ $ref: "https://example.com/elsewhere" }, "json"],
  [{ type: "null" }, "json"],
  [{ $ref: "#/definitions/when", description: "seen" }, "timestamp"],
  [{ allOf: [{ type: ["null", "string"] }, { format: "date-time" }] }, "timestamp"],
  [{ allOf: [{ $ref: "#/definitions/text" }, { format: "date" }] }, "date"],
  [{ allOf: [{ $ref: "#/definitions/text" }], description: "a name" }, "string"],
  [{ type: ["null", "number"], allOf: [{ type: ["integer", "null"] }] }, "integer"],
  [{ allOf: [{ type: ["string", "integer"] }, { type: ["null", "integer"] }] }, "integer"],
  [{ allOf: [{ type: "integer" }, { type: "string" }] }, "json"],
  [{ allOf: [{ anyOf: [{ type: "integer" }, { type: "null" }] }, {}] }, "integer"],
  [{ allOf: [{ description: "anything" }] }, "json"],
  [{ allOf: [], type: "boolean" }, "boolean"],
  [{ enum: ["open", "closed", null] }, "string"],
  [{ enum: [1, 2] }, "integer"],
  [{ enum: [1, 2.5, null] }, "double"],
  [{ enum: [1, 2 ** 64] }, "decimal"],
  [{ enum: [true] }, "boolean"],
  [{ enum: ["a", 1] }, "json"],
  [{ enum: [{ a: 1 }] }, "json"],
  [{ enum: [] }, "json"],
  [{ enum: [null] }, "json"],
  [{ enum: ["2026-01-01"], format: "date" }, "date"],
  [{ const: "fixed" }, "string"],
  [{ const: null, default: 1 }, "json"],
  [{ const: 7 }, "integer"],
  [{ anyOf: [{ const: "a" }, { const: "b" }, { type: "null" }] }, "string"],
  [{ type: "string", enum: ["a"] }, "string"],
  [{}, "json"],
  [true, "json"],
])("%j needs a column of type %s", (property, type) => {
  expect(columnType(property, root)).toBe(type);
});

test.each(Object.entries(columnSchemas))(
  "a column of type %s keeps its type through a tap",
  (type, property) => {
    expect(columnType(property, {})).toBe(type);
  },
);

test("the schema of a record may be a reference, and a combination", () => {
  const definitions = {
    base: { properties: { id: { type: "integer" }, at: { type: "string" } } },
    user: {
      allOf: [{ $ref: "#/definitions/base" }, { properties: { at: { format: "date-time" } } }],
      properties: JSON.parse(
        '{"name": {"enum": ["a", "b"]}, "__proto__": {"type": "boolean"}}',
      ) as unknown,
    },
    loop: { $ref: "#/definitions/loop" },
  };
  const schema = { $ref: "#/definitions/user", definitions };
  const types = Object.entries(propertiesOf(schema)).map(([name, property]) => [
    name,
    columnType(property, schema),
  ]);
  expect(types).toEqual([
    ["id", "integer"],
    ["at", "timestamp"],
    ["name", "string"],
    ["__proto__", "boolean"],
  ]);
  expect(propertiesOf({ $ref: "#/definitions/loop", definitions })).toEqual({});
});

test("a schema that multiplies without end is read in a moment", () => {
  const two = { anyOf: [{ type: "integer" }, { type: "number" }] };
  expect(columnType({ allOf: Array.from({ length: 64 }, () => two) }, {})).toBe("json");
});
