import { isBeforeInBytes } from "../core/byte-order.ts";
import type { Table, Value } from "../core/schema.ts";
import type { Sweep } from "../core/source.ts";
import { toKeyValue, type KeyValue, type Scope } from "./key-text.ts";

/** What a sweep says of keys that are remembered as text, and of the parts of a table that they stand in. */
export class SweepMatcher {
  readonly #table: Table;
  readonly #sweep: Sweep;
  #shown: ReadonlySet<string> | undefined;

  constructor(table: Table, sweep: Sweep) {
    this.#table = table;
    this.#sweep = sweep;
  }

  /** Whether the part can have rows that the sweep is about. */
  appliesTo(place: Scope): boolean {
    return Object.entries(this.#sweep.where ?? {}).every(
      ([column, value]) => !(column in place) || place[column] === this.#form(column, value),
    );
  }

  /** Whether the sweep is about all rows of the part, but for the range, each by its key. */
  coversScope(place: Scope): boolean {
    const { where = {}, by } = this.#sweep;
    const { primaryKey } = this.#table;
    const isByKey = by === undefined || primaryKey.every((column) => by.includes(column));
    return isByKey && Object.keys(where).every((column) => column in place);
  }

  /** Whether the part as a whole is among what is there. */
  includesScope(place: Scope): boolean {
    const { by } = this.#sweep;
    if (!by?.every((column) => column in place)) return false;
    return this.#isShown(by.map((column) => place[column] ?? null));
  }

  /** Those of a part's keys that the sweep shows to be gone; undefined where they do not tell. */
  missingKeys(place: Scope, keys: Iterable<string>): readonly string[] | undefined {
    const { where = {}, range, by = this.#table.primaryKey } = this.#sweep;
    const needed = [...Object.keys(where), ...(range ? [range.column] : []), ...by];
    const { primaryKey } = this.#table;
    if (!needed.every((column) => column in place || primaryKey.includes(column))) return undefined;
    return [...keys].filter((text) => {
      const key = JSON.parse(text) as KeyValue[];
      const valueOf = (column: string): KeyValue =>
        (column in place ? place[column] : key[primaryKey.indexOf(column)]) ?? null;
      const isMeant = Object.entries(where).every(
        ([column, value]) => valueOf(column) === this.#form(column, value),
      );
      if (!isMeant || (range && !this.#isBetween(valueOf(range.column)))) return false;
      return !this.#isShown(by.map(valueOf));
    });
  }

  #form(column: string, value: Value): KeyValue {
    return toKeyValue(this.#table.columns[column], value);
  }

  #isShown(values: readonly KeyValue[]): boolean {
    const { keys, by = this.#table.primaryKey } = this.#sweep;
    this.#shown ??= new Set(
      keys.map((key) =>
        JSON.stringify(key.map((value, index) => this.#form(by[index] ?? "", value))),
      ),
    );
    return this.#shown.has(JSON.stringify(values));
  }

  #isBetween(value: KeyValue): boolean {
    const { column = "", from, below } = this.#sweep.range ?? {};
    const isLess = this.#table.columns[column] === "integer" ? isLessInteger : isLessText;
    const [start, end] = [this.#form(column, from), this.#form(column, below)];
    return (start === null || !isLess(value, start)) && (end === null || isLess(value, end));
  }
}

function isLessInteger(a: KeyValue, b: KeyValue): boolean {
  return BigInt(a ?? 0) < BigInt(b ?? 0);
}

/** In the order of the bytes, as databases have it. */
function isLessText(a: KeyValue, b: KeyValue): boolean {
  return isBeforeInBytes(String(a), String(b));
}
