import type { Key, Row, Table } from "../core/schema.ts";
import type { Batch, Sweep } from "../core/source.ts";
import { ScopeKeys, type SavedScope } from "./scope-keys.ts";
import { keyText, scopeText, type Scope } from "./key-text.ts";
import { SweepMatcher } from "./sweep-matcher.ts";

/** What is saved of a stream's holdings: its parts by the values that their rows have in common, as JSON text. Null where nobody knows. */
export type SavedKeys = Readonly<Record<string, SavedScope>> | null;

export interface KnownKeysOptions {
  readonly table: Table;
  readonly saved: SavedKeys;
  /** Characters of keys that are kept; beyond, the part with the most keeps a digest alone. */
  readonly maxCharacters: number;
}

/**
 * What the destination holds of one stream, as far as the state remembers. A sweep says what is gone by showing what is there: who cannot ask the
 * destination has to know what else it may hold.
 */
export class KnownKeys {
  readonly #table: Table;
  readonly #maxSize: number;
  readonly #isKnown: boolean;
  readonly #parts = new Map<string, ScopeKeys>();

  constructor({ table, saved, maxCharacters }: KnownKeysOptions) {
    this.#table = table;
    this.#maxSize = maxCharacters;
    this.#isKnown = saved !== null;
    for (const [place, part] of Object.entries(saved ?? {}))
      this.#parts.set(place, ScopeKeys.from(part));
  }

  /** Takes note of rows that are about to be sent; says whether there are new ones, which count even if their checkpoint never comes. */
  announce({ where, rows }: Pick<Batch, "where" | "rows">): boolean {
    if (rows.length === 0) return false;
    const place = scopeText(this.#table, where);
    let isNew = !this.#parts.has(place);
    const part = this.#part(place);
    for (const row of rows) if (part.addPossible(this.#keyOf(row))) isNew = true;
    return isNew;
  }

  /** Takes note of rows that were sent. */
  add(rows: readonly Row[], where: Batch["where"]): void {
    if (rows.length === 0) return;
    const part = this.#part(scopeText(this.#table, where));
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
    const swept = new SweepMatcher(this.#table, sweep);
    const gone: Key[] = [];
    for (const [text, part] of this.#parts) {
      const place = JSON.parse(text) as Scope;
      if (!swept.appliesTo(place)) continue;
      const keys = missingKeys(part, place, { swept, sweep });
      if (!keys) return undefined;
      for (const key of keys) part.forget(key);
      gone.push(...keys.map((key) => JSON.parse(key) as Key));
      if (part.isEmpty) this.#parts.delete(text);
    }
    return gone;
  }

  toJSON(): SavedKeys {
    if (!this.#isKnown) return null;
    return Object.fromEntries([...this.#parts].map(([place, part]) => [place, part.toJSON()]));
  }

  #keyOf(row: Row): string {
    return keyText(
      this.#table,
      this.#table.primaryKey.map((column) => row[column]),
    );
  }

  #part(place: string): ScopeKeys {
    const part = this.#parts.get(place) ?? new ScopeKeys();
    this.#parts.set(place, part);
    return part;
  }

  #limit(): void {
    const parts = [...this.#parts.values()];
    const total = parts.reduce((sum, { characters }) => sum + characters, 0);
    if (total <= this.#maxSize) return;
    parts
      .reduce((largest, part) => (part.characters > largest.characters ? part : largest))
      .compact();
  }
}

interface SweepContext {
  readonly swept: SweepMatcher;
  readonly sweep: Sweep;
}

/** The keys of a part that a sweep shows to be gone; undefined where some may be gone that nobody knows. */
function missingKeys(
  part: ScopeKeys,
  place: Scope,
  { swept, sweep: { range, again = false } }: SweepContext,
): readonly string[] | undefined {
  const { isNew, isFresh } = part;
  const isWalk = swept.coversScope(place);
  const walked = isWalk ? part.sweep(range, again) : undefined;
  if ((isFresh || (isWalk && isNew)) && !again) return [];
  if (part.keys) return swept.missingKeys(place, part.keys);
  return (walked === undefined ? swept.includesScope(place) : walked !== "unproven")
    ? []
    : undefined;
}
