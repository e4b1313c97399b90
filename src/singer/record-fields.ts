import type { Columns, ColumnType, Value } from "../core/schema.ts";
import { members } from "../json/text-scanner.ts";
import { isLossless, parseValue } from "./json-value.ts";
import type { RecordMessage } from "./message.ts";
import { setColumn } from "./set-column.ts";

/** The member with the time at which a record was deleted at its source. */
export const deletedMember = "_sdc_deleted_at";

/** Where a property's values are stored. */
interface Field {
  readonly column: string;
  readonly type: ColumnType;
  /** Whether a parsed value can be used unchanged. */
  readonly isLossless: (value: unknown) => boolean;
}

/** What a record becomes. */
interface ConvertedRecord {
  /** May be modified. */
  readonly row: Record<string, Value>;
  /** The members without a field, as a JSON object; undefined if there are none. */
  readonly extra: string | undefined;
}

/** The properties that a SCHEMA declares, and the columns that store their values. */
export class RecordFields {
  readonly #fields = new Map<string, Field>();

  /** The declared properties. */
  get names(): ReadonlySet<string> {
    return new Set(this.#fields.keys());
  }

  /** The types of the properties' columns. */
  get types(): Columns {
    return Object.fromEntries([...this.#fields].map(([name, { type }]) => [name, type]));
  }

  /** Stores the values of a property in a column. */
  set(name: string, { column, type }: Pick<Field, "column" | "type">): void {
    const keepsName = column === name && name !== "__proto__";
    const isUnchanged = keepsName ? isLossless[type] : () => false;
    this.#fields.set(name, { column, type, isLossless: isUnchanged });
  }

  /** Stores the values of some columns in others, whose names are given by theirs. */
  rename(names: ReadonlyMap<string, string>): void {
    for (const [name, { column, type }] of this.#fields) {
      const renamed = names.get(column);
      if (renamed !== undefined) this.set(name, { column: renamed, type });
    }
  }

  /** The column of a property; its own name if the SCHEMA does not declare it. */
  columnOf(name: string): string {
    return this.#fields.get(name)?.column ?? name;
  }

  /** Whether a record has all properties. */
  isWhole(record: RecordMessage["record"]): boolean {
    return [...this.#fields.keys()].every((name) => Object.hasOwn(record, name));
  }

  /** Converts a record's values to those of its columns. */
  convert({ record, recordText }: RecordMessage): ConvertedRecord {
    // Safe to modify: parsing created the object, and nothing else uses it.
    if (this.#isLossless(record)) return { row: record as Record<string, Value>, extra: undefined };
    const row: Record<string, Value> = {};
    const extra: string[] = [];
    for (const [name, slice] of members(recordText()) ?? []) {
      const field = this.#fields.get(name);
      if (field) setColumn(row, field.column, parseValue(field.type, slice));
      else if (name !== deletedMember && slice !== "null")
        extra.push(`${JSON.stringify(name)}:${slice}`);
    }
    return { row, extra: extra.length === 0 ? undefined : `{${extra.join(",")}}` };
  }

  /** Whether all parsed values can be used unchanged, under their own names. */
  #isLossless(record: RecordMessage["record"]): boolean {
    for (const name in record) {
      const value = record[name];
      if (value === null) continue;
      if (this.#fields.get(name)?.isLossless(value) !== true) return false;
    }
    return !Object.hasOwn(record, "__proto__");
  }
}
