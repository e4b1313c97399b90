import { isBeforeInBytes } from "../core/byte-order.ts";
import type { Table, Value } from "../core/schema.ts";
import type { Sweep } from "../core/source.ts";
import { type KeyValue, type Scope, toKeyValue } from "./key-text.ts";

/** Matches a sweep against scopes of a table and the keys in them. */
export class SweepMatcher {
  readonly #table: Table;
  readonly #sweep: Sweep;
  #listed: ReadonlySet<string> | undefined;

  constructor(table: Table, sweep: Sweep) {
    this.#table = table;
    this.#sweep = sweep;
  }

  /** Whether the scope can have rows that the sweep covers. */
  appliesTo(scope: Scope): boolean {
    return Object.entries(this.#sweep.where ?? {}).every(
      ([column, value]) => !(column in scope) || scope[column] === this.#keyValue(column, value),
    );
  }

  /** Whether the sweep covers all rows of the scope within its range, and lists them by key. */
  coversScope(scope: Scope): boolean {
    const { where = {}, by } = this.#sweep;
    const { primaryKey } = this.#table;
    const isByKey = by === undefined || primaryKey.every((column) => by.includes(column));
    return isByKey && Object.keys(where).every((column) => column in scope);
  }

  /** Whether the sweep lists the scope as a whole as existing. */
  includesScope(scope: Scope): boolean {
    const { by } = this.#sweep;
    if (!by?.every((column) => column in scope)) return false;
    return this.#isListed(by.map((column) => scope[column] ?? null));
  }

  /** The keys of a scope that the sweep deletes; undefined if a key is not enough to tell. */
  missingKeys(scope: Scope, keys: Iterable<string>): readonly string[] | undefined {
    const { where = {}, range, by = this.#table.primaryKey } = this.#sweep;
    const needed = [...Object.keys(where), ...(range ? [range.column] : []), ...by];
    const { primaryKey } = this.#table;
    if (!needed.every((column) => column in scope || primaryKey.includes(column))) return undefined;
    return [...keys].filter((text) => {
      const key = JSON.parse(text) as KeyValue[];
      const valueOf = (column: string): KeyValue =>
        (column in scope ? scope[column] : key[primaryKey.indexOf(column)]) ?? null;
      const isCovered = Object.entries(where).every(
        ([column, value]) => valueOf(column) === this.#keyValue(column, value),
      );
      if (!isCovered || (range && !this.#isInRange(valueOf(range.column)))) return false;
      return !this.#isListed(by.map(valueOf));
    });
  }

  #keyValue(column: string, value: Value): KeyValue {
    return toKeyValue(this.#table.columns[column], value);
  }

  #isListed(values: readonly KeyValue[]): boolean {
    const { keys, by = this.#table.primaryKey } = this.#sweep;
    this.#listed ??= new Set(
      keys.map((key) =>
        JSON.stringify(key.map((value, index) => this.#keyValue(by[index] ?? "", value))),
      ),
    );
    return this.#listed.has(JSON.stringify(values));
  }

  #isInRange(value: KeyValue): boolean {
    const { column = "", from, below } = this.#sweep.range ?? {};
    const isLess = this.#table.columns[column] === "integer" ? isLessInteger : isLessText;
    const [start, end] = [this.#keyValue(column, from), this.#keyValue(column, below)];
    return (start === null || !isLess(value, start)) && (end === null || isLess(value, end));
  }
}

function isLessInteger(a: KeyValue, b: KeyValue): boolean {
  return BigInt(a ?? 0) < BigInt(b ?? 0);
}

/** In byte order, as in databases. */
function isLessText(a: KeyValue, b: KeyValue): boolean {
  return isBeforeInBytes(String(a), String(b));
}
