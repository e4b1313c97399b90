import type { QueryColumn, QueryValue } from "../../core/query.ts";
import { uniqueNames, valueJson, valueText } from "./format-values.ts";

/** How rows are written for programs, one text after the other. */
export interface RowFormat {
  readonly head: string;
  readonly row: (values: readonly QueryValue[], index: number) => string;
  readonly tail: (count: number) => string;
}

/** The formats by their flag. */
export const rowFormats = { csv, tsv, nl, json } as const satisfies Record<
  string,
  (columns: readonly QueryColumn[]) => RowFormat
>;

/** The name of a format. */
export type FormatName = keyof typeof rowFormats;

/** As RFC 4180 has it; NULL is nothing, and empty text is `""`. */
function csv(columns: readonly QueryColumn[]): RowFormat {
  const cell = (value: QueryValue): string => {
    const text = valueText(value);
    const isPlain = value === null || (text !== "" && !/[",\r\n]|^\s|\s$/.test(text));
    return isPlain ? text : `"${text.replaceAll('"', '""')}"`;
  };
  const line = (values: readonly QueryValue[]): string => `${values.map(cell).join(",")}\n`;
  return { head: line(columns.map(({ name }) => name)), row: line, tail: () => "" };
}

const tsvEscapes: Readonly<Record<string, string>> = {
  "\\": "\\\\",
  "\t": "\\t",
  "\n": "\\n",
  "\r": "\\r",
};

/** Tabs, line breaks and backslashes are escaped, so that each row is one line. */
function tsv(columns: readonly QueryColumn[]): RowFormat {
  const cell = (value: QueryValue): string =>
    valueText(value).replace(/[\\\t\n\r]/g, (character) => tsvEscapes[character] ?? character);
  const line = (values: readonly QueryValue[]): string => `${values.map(cell).join("\t")}\n`;
  return { head: line(columns.map(({ name }) => name)), row: line, tail: () => "" };
}

function nl(columns: readonly QueryColumn[]): RowFormat {
  const object = objectWriter(columns);
  return { head: "", row: (values) => `${object(values)}\n`, tail: () => "" };
}

function json(columns: readonly QueryColumn[]): RowFormat {
  const object = objectWriter(columns);
  return {
    head: "[",
    row: (values, index) => `${index === 0 ? "" : ","}\n  ${object(values)}`,
    tail: (count) => (count === 0 ? "]\n" : "\n]\n"),
  };
}

function objectWriter(columns: readonly QueryColumn[]) {
  const keys = uniqueNames(columns.map(({ name }) => name)).map((name) => JSON.stringify(name));
  return (values: readonly QueryValue[]): string => {
    const members = columns.map(
      (column, index) => `${keys[index] ?? ""}:${valueJson(values[index] ?? null, column)}`,
    );
    return `{${members.join(",")}}`;
  };
}
