import { expect, test } from "vitest";
import type { ColumnType } from "../../src/core/schema.ts";
import { columnType, columnSchemas } from "../../src/singer/json-schema.ts";

const root = {
  definitions: {
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
