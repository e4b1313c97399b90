import type { ColumnType } from "../core/schema.ts";

/** A JSON schema, or a subschema. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** The JSON schema of a column's values in a RECORD, by column type. */
export const columnSchemas: Readonly<Record<ColumnType, JsonSchema>> = {
  boolean: { type: ["null", "boolean"] },
  integer: { type: ["null", "integer"] },
  double: { type: ["null", "number"] },
  decimal: { type: ["null", "string"], format: "singer.decimal" },
  date: { type: ["null", "string"], format: "date" },
  timestamp: { type: ["null", "string"], format: "date-time" },
  string: { type: ["null", "string"] },
  binary: { type: ["null", "string"], contentEncoding: "base64" },
  // Not `{}`, which allows the same: targets drop a column without types.
  json: { type: ["null", "object", "array", "string", "number", "integer", "boolean"] },
};

/**
 * The column type that holds every value a property's schema allows; `json` if it allows several
 * types, or does not say. `root` is the whole schema, against which references are resolved.
 */
export function columnType(property: unknown, root: JsonSchema): ColumnType {
  const types = new Set(alternatives(property, root, 0).map(typeOf));
  types.delete(undefined);
  const [only] = types;
  if (only === undefined) return "json";
  if (types.size === 1) return only;
  const all = [...types];
  if (all.every((type) => type === "integer" || type === "double")) return "double";
  if (all.every((type) => numericTypes.has(type))) return "decimal";
  // Many taps declare timestamps as `anyOf` a date-time or any text.
  return all.every((type) => textTypes.has(type)) ? "string" : "json";
}

const numericTypes: ReadonlySet<ColumnType | undefined> = new Set(["integer", "double", "decimal"]);
const textTypes: ReadonlySet<ColumnType | undefined> = new Set(["string", "date", "timestamp"]);

/** Ends circular references. */
const maxDepth = 20;

/** Ends combinations that multiply; no tap's schema comes near. */
const maxAlternatives = 200;

/** The properties of a record's schema, also of what it refers to or is combined of (`allOf`). */
export function propertiesOf(schema: JsonSchema): JsonSchema {
  return Object.fromEntries(properties(schema, schema, 0));
}

function properties(schema: unknown, root: JsonSchema, depth: number): Map<string, unknown> {
  const all = new Map<string, unknown>();
  if (!isObject(schema) || depth > maxDepth) return all;
  const { $ref: reference, allOf, properties: own } = schema;
  const parts = Array.isArray(allOf) ? (allOf as unknown[]) : [];
  if (typeof reference === "string") parts.push(resolveReference(reference, root));
  const found = parts.map((part) => properties(part, root, depth + 1));
  if (isObject(own)) found.push(new Map(Object.entries(own)));
  for (const [name, property] of found.flatMap((part) => [...part])) {
    const known = all.get(name);
    all.set(name, known === undefined ? property : { allOf: [known, property] });
  }
  return all;
}

/** The schemas of which a value has to match one, each with at most one type. */
function alternatives(schema: unknown, root: JsonSchema, depth: number): JsonSchema[] {
  if (!isObject(schema) || depth > maxDepth) return [{}];
  const { $ref: reference, anyOf, oneOf, allOf, ...own } = schema;
  if (typeof reference === "string")
    return alternatives(resolveReference(reference, root), root, depth + 1);
  if (Array.isArray(allOf)) {
    const others = { ...own, ...(anyOf ? { anyOf } : {}), ...(oneOf ? { oneOf } : {}) };
    return [others, ...(allOf as unknown[])]
      .map((part) => alternatives(part, root, depth + 1))
      .reduce(combine);
  }
  const { type } = own;
  const [inner] = [anyOf, oneOf].filter(Array.isArray);
  if (inner && type === undefined)
    return inner.flatMap((option: unknown) => alternatives(option, root, depth + 1));
  if (type === undefined) return schemasOfValues(own) ?? [{ ...own, type }];
  return [type].flat().map((one) => ({ ...own, type: one }));
}

/** What matches one of each; those of different types exclude each other. */
function combine(some: JsonSchema[], others: JsonSchema[]): JsonSchema[] {
  if (some.length * others.length > maxAlternatives) return [{}];
  const both = some.flatMap((one) =>
    others.flatMap((other) => {
      const [a, b] = [one["type"] ?? other["type"], other["type"] ?? one["type"]];
      const isInteger = new Set([a, b, "integer", "number"]).size === 2;
      if (a !== b && !isInteger) return [];
      return [{ ...one, ...other, type: a === b ? a : "integer" }];
    }),
  );
  return both.length === 0 ? [{}] : both;
}

/** The schemas of the values of an `enum` or a `const`. */
function schemasOfValues(schema: JsonSchema): JsonSchema[] | undefined {
  const { enum: listed } = schema;
  const values = Object.hasOwn(schema, "const") ? [schema["const"]] : listed;
  if (!Array.isArray(values) || values.length === 0) return undefined;
  const schemas = values.map((value) => ({ ...schema, ...schemaOfValue(value) }));
  return [...new Map(schemas.map((one) => [typeOf(one), one])).values()];
}

function schemaOfValue(value: unknown): JsonSchema {
  if (value === null) return { type: "null" };
  if (Number.isInteger(value)) return { type: "integer", minimum: value, maximum: value };
  return { type: typeof value };
}

/** The subschema at `#/definitions/name`; undefined if there is none. */
function resolveReference(reference: string, root: JsonSchema): unknown {
  const path = reference.startsWith("#/") ? reference.slice(2).split("/") : ["#"];
  return path.reduce<unknown>((at, part) => {
    const name = part.replaceAll("~1", "/").replaceAll("~0", "~");
    return isObject(at) && Object.hasOwn(at, name) ? at[name] : undefined;
  }, root);
}

/** The column type of a schema with at most one type; undefined for null, which fits any column. */
function typeOf(schema: JsonSchema): ColumnType | undefined {
  switch (schema["type"]) {
    case "null":
      return undefined;
    case "boolean":
      return "boolean";
    case "integer":
      return exceedsInt64(schema) ? "decimal" : "integer";
    case "number":
      return numberType(schema);
    case "string":
      return stringType(schema);
    default:
      return "json";
  }
}

/** Whether it allows integers beyond a signed 64-bit one, as for `bigint unsigned`. */
function exceedsInt64({ maximum, minimum }: JsonSchema): boolean {
  return Number(maximum ?? 0) >= 2 ** 63 || Number(minimum ?? 0) < -(2 ** 63);
}

/** Taps declare SQL's `numeric` as a number with `multipleOf`; a double would lose digits. */
function numberType({ multipleOf }: JsonSchema): ColumnType {
  return typeof multipleOf === "number" && multipleOf < 1 ? "decimal" : "double";
}

function stringType({ format, contentEncoding }: JsonSchema): ColumnType {
  if (contentEncoding === "base64") return "binary";
  switch (format) {
    case "date-time":
      return "timestamp";
    case "date":
      return "date";
    case "singer.decimal":
      return "decimal";
    default:
      return "string";
  }
}

/** Whether a parsed JSON value is an object. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
