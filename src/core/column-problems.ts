import { suggestion } from "./suggestion.ts";
import { canonical } from "./value.ts";

/** What columns of that kind are called elsewhere. */
const otherNames: Readonly<Record<string, string>> = {
  bool: "boolean",
  int: "integer",
  bigint: "integer",
  float: "double",
  number: "double",
  numeric: "decimal",
  datetime: "timestamp",
  text: "string",
  varchar: "string",
  bytes: "binary",
  object: "json",
  array: "json",
};

/** What is wrong with the types of columns, each as `columns.NAME: problem`. */
export function typeProblems(columns: Readonly<Record<string, unknown>>): string[] {
  const types = Object.keys(canonical);
  return Object.entries(columns).flatMap(([column, type]) => {
    if (typeof type === "string" && types.includes(type)) return [];
    const given = String(type);
    const meant = otherNames[given.toLowerCase()];
    const hint = meant === undefined ? suggestion(given, types) : `did you mean "${meant}"?`;
    return [`columns.${column}: unknown type "${given}"; ${hint}`];
  });
}

/** What is wrong with references to columns, each as `MEMBER: problem`. */
export function referenceProblems(
  columns: Readonly<Record<string, unknown>>,
  references: Readonly<Record<string, readonly string[]>>,
): string[] {
  const names = Object.keys(columns);
  return Object.entries(references).flatMap(([member, columnNames]) =>
    columnNames
      .filter((name) => !Object.hasOwn(columns, name))
      .map((name) => `${member}: no column "${name}"; ${suggestion(name, names)}`),
  );
}
