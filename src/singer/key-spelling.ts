import type { ColumnType } from "../core/schema.ts";
import type { Rejected } from "../core/source.ts";
import type { RecordMessage } from "./message.ts";

/** A record that must not become a row. */
export class RejectedRecord extends Error {
  override readonly name = "RejectedRecord";
  /** For quarantine. */
  readonly entry: Rejected;

  constructor(entry: Rejected) {
    super(entry.reason);
    this.entry = entry;
  }
}

/** Types whose values may arrive as text, though the schema declares no text. */
const neverText: ReadonlySet<ColumnType> = new Set(["boolean", "integer", "double"]);

/** Whether text in a key may mean the same value as other text that the schema tells apart. */
export function needsSpelling(column: ColumnType, declared: ColumnType): boolean {
  return column !== declared || neverText.has(column);
}

/** Per column type, whether no other accepted text means the same value. */
const isOnlySpelling: Readonly<Record<ColumnType, (text: string) => boolean>> = {
  boolean: () => true,
  integer: (text) => /^(?:0|-?[1-9]\d*)$/.test(text),
  double: (text) => String(Number(text)) === text,
  decimal: (text) => /^(?:0|-?(?:0|[1-9]\d*)\.\d*[1-9]|-?[1-9]\d*)$/.test(text),
  date: (text) => /^\d{4}-\d\d-\d\d$/.test(text),
  timestamp: (text) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{0,5}[1-9])?Z$/.test(text),
  string: () => true,
  binary: (text) => Buffer.from(text, "base64").toString("base64") === text,
  json: () => true,
};

/**
 * Text such as "0003" in a key of integers would become the row of 3. `keys`: the properties of the
 * key, each with the type of its column if its text needs to be looked at.
 *
 * @throws RejectedRecord
 */
export function checkKeySpelling(
  { record, recordText }: RecordMessage,
  keys: ReadonlyMap<string, ColumnType | undefined>,
): void {
  for (const [name, type] of keys) {
    if (type === undefined) continue;
    const value = Object.hasOwn(record, name) ? record[name] : undefined;
    if (typeof value !== "string" || isOnlySpelling[type](value)) continue;
    throw new RejectedRecord({
      // As spelled: the entry must not be taken for that of the row it resembles.
      key: JSON.stringify([...keys.keys()].map((key) => record[key] ?? null)),
      payload: recordText(),
      reason: `column "${name}": part of the primary key, a column of type ${type}: text that is not in the usual spelling of its value might be another key`,
    });
  }
}
