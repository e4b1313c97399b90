import type { ColumnType, Key, Table, Value } from "../core/schema.ts";
import type { Sweep } from "../core/source.ts";
import { canonical } from "../core/value.ts";
import { ValueError } from "../core/value-error.ts";
import { SortedLines } from "./sorted-lines.ts";

/** How many keys a sweep has; more only if they share their value in the column of its range. */
const chunkSize = 10_000;

/** What orders the keys of a table. */
export interface KeyOrder extends Pick<Table, "columns" | "primaryKey"> {
  /** The index of a column in the primary key. */
  readonly by: number;
}

/** The first column of a primary key from `from` on whose values can be sorted as databases do. */
export function sortableColumn(table: Omit<KeyOrder, "by">, from = 0): number | undefined {
  const types = table.primaryKey.map((name) => table.columns[name]);
  const index = types.findIndex(
    (type, position) => position >= from && (type === "string" || type === "integer"),
  );
  return index < 0 ? undefined : index;
}

interface Measure {
  /** The number of keys. */
  readonly count: number;
  /** The number of keys that share the most frequent value of the column. */
  readonly largestShare: number;
}

/** Distinct keys as JSON text, sorted by one column in a temporary file. */
export class SortedKeys {
  readonly order: KeyOrder;
  readonly #lines = new SortedLines();
  /** Keys that a database may order otherwise, or not store; each range lists them. */
  readonly #odd = new Set<string>();
  #measure: Measure | undefined;

  constructor(order: KeyOrder) {
    this.order = order;
  }

  /** Adds a key, which may have been added before. */
  add(text: string): void {
    this.#measure = undefined;
    const place = sortablePlace(this.#type, parseKey(text)[this.order.by]);
    if (place === undefined) this.#odd.add(text);
    else this.#lines.add(`${place}\t${text}`);
  }

  /** Measures what was added so far; reads the file once. */
  measure(): Measure {
    return (this.#measure ??= this.#readMeasure());
  }

  #readMeasure(): Measure {
    let [count, largestShare, share, last] = [this.#odd.size, 0, 0, ""];
    for (const line of this.#lines) {
      const place = placeIn(line);
      share = place === last ? share + 1 : 1;
      last = place;
      largestShare = Math.max(largestShare, share);
      count += 1;
    }
    return { count, largestShare };
  }

  /** Whether ranges of the column are too coarse to bound the size of a sweep. */
  get isCoarse(): boolean {
    return this.measure().largestShare > chunkSize;
  }

  /** The keys as text, those of this order first. */
  *texts(): Generator<string, void> {
    for (const line of this.#lines) yield textIn(line);
    yield* this.#odd;
  }

  /** Sweeps of adjacent ranges in ascending order, which together cover the whole table. */
  *sweeps(): Generator<Sweep, void> {
    let [chunk, from, last]: [Key[], Value, string] = [[], undefined, ""];
    for (const line of this.#lines) {
      const place = placeIn(line);
      const key = parseKey(textIn(line));
      if (chunk.length >= chunkSize && place !== last) {
        const below = this.#rangeValue(key);
        yield this.#sweep(chunk, { from, below });
        [chunk, from] = [[], below];
      }
      chunk.push(key);
      last = place;
    }
    yield this.#sweep(chunk, { from });
  }

  [Symbol.dispose](): void {
    this.#lines[Symbol.dispose]();
  }

  #sweep(
    keys: readonly Key[],
    { from, below }: { readonly from: Value; readonly below?: Value },
  ): Sweep {
    const range = {
      column: this.order.primaryKey[this.order.by] ?? "",
      ...(from == null ? {} : { from }),
      ...(below == null ? {} : { below }),
    };
    return { range, keys: [...keys, ...[...this.#odd].map(parseKey)] };
  }

  #rangeValue(key: Key): Value {
    const value = key[this.order.by];
    return value == null ? value : canonical[this.#type](value);
  }

  get #type(): ColumnType {
    const { columns, primaryKey, by } = this.order;
    return columns[primaryKey[by] ?? ""] ?? "string";
  }
}

/** Only such text has the same order in UTF-16 as in bytes, and is stored as it is. */
const plainText = /^[ -[\]-\ud7ff\ue000-\uffff]*$/;

/** A value as text that sorts as a database sorts the value; undefined if that is not certain. */
function sortablePlace(type: ColumnType, value: Value): string | undefined {
  if (value == null) return undefined;
  try {
    const stored = canonical[type](value);
    if (type === "string") return plainText.test(String(stored)) ? String(stored) : undefined;
    return (BigInt(stored as number | bigint) + 2n ** 63n).toString().padStart(20, "0");
  } catch (error) {
    if (error instanceof ValueError) return undefined;
    throw error;
  }
}

function placeIn(line: string): string {
  return line.slice(0, line.indexOf("\t"));
}

function textIn(line: string): string {
  return line.slice(line.indexOf("\t") + 1);
}

/** The key of a JSON text that was made of one. */
export function parseKey(text: string): Key {
  return JSON.parse(text) as Key;
}
