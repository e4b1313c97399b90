import type { CustomTypesConfig, FieldDef } from "pg";
import type { QueryColumn, QueryValue } from "../../core/query.ts";

/** Numbers of Postgres' types. */
const types = { boolean: 16, bytea: 17, json: 114, jsonb: 3802 } as const;

/** int8, int2, int4, oid, float4, float8 and numeric. */
const numbers = new Set([20, 21, 23, 26, 700, 701, 1700]);

/** A column of a result. */
export function columnOf({ name, dataTypeID }: FieldDef): QueryColumn {
  if (numbers.has(dataTypeID)) return { name, texts: "numbers" };
  const isJson = dataTypeID === types.json || dataTypeID === types.jsonb;
  return isJson ? { name, texts: "json" } : { name };
}

/** Reads booleans and bytes. All else stays the server's text, in which no digit is lost. */
export const queryTypes: CustomTypesConfig = {
  getTypeParser: (type: number) => (text: string) => {
    if (type === types.boolean) return text === "t";
    return type === types.bytea ? Buffer.from(text.slice(2), "hex") : text;
  },
};

/** About how much memory a row takes. */
export function lengthOf(row: readonly QueryValue[]): number {
  return row.reduce<number>((sum, value) => {
    const isLong = typeof value === "string" || value instanceof Uint8Array;
    return sum + (isLong ? value.length : 8);
  }, 0);
}
