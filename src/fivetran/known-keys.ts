import type { Key, Row, Table } from "../core/schema.ts";
import type { Batch, Sweep } from "../core/source.ts";
import { HeldPart, type SavedPart } from "./scope-keys.ts";
import { keyText, placeText, type Place } from "./key-text.ts";
import { SweptKeys } from "./sweep-matcher.ts";

/** What is saved of a stream's holdings: its parts by the values that their rows have in common, as JSON text. Null where nobody knows. */
export type SavedHoldings = Readonly<Record<string, SavedPart>> | null;

export interface HoldingsOptions {
  readonly table: Table;
  readonly saved: SavedHoldings;
  /** Characters of keys that are kept; beyond, the part with the most keeps a digest alone. */
  readonly maxSize: number;
}

/**
 * What the destination holds of one stream, as far as the state remembers. A sweep says what is gone by showing what is there: who cannot ask the
 * destination has to know what else it may hold.
 */
export class Holdings {
  readonly #table: Table;
  readonly #maxSize: number;
  readonly #isKnown: boolean;
  readonly #parts = new Map<string, HeldPart>();

  constructor({ table, saved, maxSize }: HoldingsOptions) {
    this.#table = table;
    this.#maxSize = maxSize;
    this.#isKnown = saved !== null;
    for (const [place, part] of Object.entries(saved ?? {}))
      this.#parts.set(place, HeldPart.from(part));
  }

  /** Takes note of rows that are about to be sent; says whether there are new ones, which count even if their checkpoint never comes. */
  announce({ where, rows }: Pick<Batch, "where" | "rows">): boolean {
    if (rows.length === 0) return false;
    const place = placeText(this.#table, where);
    let isNew = !this.#parts.has(place);
    const part = this.#part(place);
    for (const row of rows) if (part.hold(this.#keyOf(row))) isNew = true;
    return isNew;
  }

  /** Takes note of rows that were sent. */
  add(rows: readonly Row[], where: Batch["where"]): void {
    if (rows.length === 0) return;
    const part = this.#part(placeText(this.#table, where));
    for (const row of rows) part.add(this.#keyOf(row));
    this.#limit();
  }

  /** Takes note of keys that were deleted. */
  remove(keys: readonly Key[]): void {
    for (const key of keys) {
      const text = keyText(this.#table, key);
      for (const part of this.#parts.values()) part.remove(text);
    }
  }

  /** The keys that a sweep shows to be gone; undefined where something may be gone whose key nobody knows. */
  sweep(sweep: Sweep): readonly Key[] | undefined {
    if (!this.#isKnown) return undefined;
    const swept = new SweptKeys(this.#table, sweep);
    const gone: Key[] = [];
    for (const [text, part] of this.#parts) {
      const place = JSON.parse(text) as Place;
      if (!swept.concerns(place)) continue;
      const keys = missingIn(part, place, { swept, sweep });
      if (!keys) return undefined;
      for (const key of keys) part.drop(key);
      gone.push(...keys.map((key) => JSON.parse(key) as Key));
      if (part.isEmpty) this.#parts.delete(text);
    }
    return gone;
  }

  toJSON(): SavedHoldings {
    if (!this.#isKnown) return null;
    return Object.fromEntries([...this.#parts].map(([place, part]) => [place, part.toJSON()]));
  }

  #keyOf(row: Row): string {
    return keyText(
      this.#table,
      this.#table.primaryKey.map((column) => row[column]),
    );
  }

  #part(place: string): HeldPart {
    const part = this.#parts.get(place) ?? new HeldPart();
    this.#parts.set(place, part);
    return part;
  }

  #limit(): void {
    const parts = [...this.#parts.values()];
    const total = parts.reduce((sum, { size }) => sum + size, 0);
    if (total <= this.#maxSize) return;
    parts.reduce((largest, part) => (part.size > largest.size ? part : largest)).compact();
  }
}

interface Sweeping {
  readonly swept: SweptKeys;
  readonly sweep: Sweep;
}

/** The keys of a part that a sweep shows to be gone; undefined where some may be gone that nobody knows. */
function missingIn(
  part: HeldPart,
  place: Place,
  { swept, sweep: { range, again = false } }: Sweeping,
): readonly string[] | undefined {
  const { isNew, isFresh } = part;
  const isWalk = swept.isAllOf(place);
  const walked = isWalk ? part.sweep(range, again) : undefined;
  if ((isFresh || (isWalk && isNew)) && !again) return [];
  if (part.keys) return swept.missing(place, part.keys);
  return (walked === undefined ? swept.shows(place) : walked !== "unproven") ? [] : undefined;
}
