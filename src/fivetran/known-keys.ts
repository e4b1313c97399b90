import type { Key, Row, Table } from "../core/schema.ts";
import type { Batch, Sweep } from "../core/source.ts";
import { keyText, type Scope, scopeText } from "./key-text.ts";
import { type SavedScope, ScopeKeys } from "./scope-keys.ts";
import { SweepMatcher } from "./sweep-matcher.ts";

/** A `KnownKeys` in the state, by scope as JSON text. Null: the keys are not known any more. */
export type SavedKeys = Readonly<Record<string, SavedScope>> | null;

interface KnownKeysOptions {
  readonly table: Table;
  readonly saved: SavedKeys;
  /** Characters of keys to keep; beyond, the largest scope keeps only a digest. */
  readonly maxCharacters: number;
}

/**
 * The keys of one stream that the destination may hold, by scope. A sweep lists the rows that
 * exist; Fivetran cannot report what it holds, so the state has to, to find the rows to delete.
 */
export class KnownKeys {
  readonly #table: Table;
  readonly #maxCharacters: number;
  readonly #isComplete: boolean;
  readonly #scopes = new Map<string, ScopeKeys>();

  constructor({ table, saved, maxCharacters }: KnownKeysOptions) {
    this.#table = table;
    this.#maxCharacters = maxCharacters;
    this.#isComplete = saved !== null;
    for (const [scope, keys] of Object.entries(saved ?? {}))
      this.#scopes.set(scope, ScopeKeys.from(keys));
  }

  /**
   * Adds the keys of rows that are about to be sent; returns whether any is new. If so, the state
   * must be saved first: the destination keeps the rows even if their checkpoint never follows.
   */
  announce({ where, rows }: Pick<Batch, "where" | "rows">): boolean {
    if (rows.length === 0) return false;
    const scope = scopeText(this.#table, where);
    let isNew = !this.#scopes.has(scope);
    const scopeKeys = this.#scopeKeys(scope);
    for (const row of rows) if (scopeKeys.addPossible(this.#keyOf(row))) isNew = true;
    return isNew;
  }

  /** Adds the keys of rows that were sent. */
  add(rows: readonly Row[], where: Batch["where"]): void {
    if (rows.length === 0) return;
    const scopeKeys = this.#scopeKeys(scopeText(this.#table, where));
    for (const row of rows) scopeKeys.add(this.#keyOf(row));
    this.#compactIfLarge();
  }

  /** Removes keys that were deleted. */
  remove(keys: readonly Key[]): void {
    for (const key of keys) {
      const text = keyText(this.#table, key);
      for (const scopeKeys of this.#scopes.values()) scopeKeys.remove(text);
    }
  }

  /** The keys that a sweep deletes; undefined if rows may be deleted whose keys are not known. */
  sweep(sweep: Sweep): readonly Key[] | undefined {
    if (!this.#isComplete) return undefined;
    const matcher = new SweepMatcher(this.#table, sweep);
    const deleted: Key[] = [];
    for (const [text, scopeKeys] of this.#scopes) {
      const scope = JSON.parse(text) as Scope;
      if (!matcher.appliesTo(scope)) continue;
      const keys = missingKeys(scopeKeys, scope, { matcher, sweep });
      if (!keys) return undefined;
      for (const key of keys) scopeKeys.forget(key);
      deleted.push(...keys.map((key) => JSON.parse(key) as Key));
      if (scopeKeys.isEmpty) this.#scopes.delete(text);
    }
    return deleted;
  }

  /** About how many characters they take in the state. */
  get size(): number {
    let size = 0;
    for (const [scope, keys] of this.#scopes) size += scope.length + keys.size;
    return size;
  }

  /** For the state. */
  toJSON(): SavedKeys {
    if (!this.#isComplete) return null;
    return Object.fromEntries([...this.#scopes].map(([scope, keys]) => [scope, keys.toJSON()]));
  }

  #keyOf(row: Row): string {
    return keyText(
      this.#table,
      this.#table.primaryKey.map((column) => row[column]),
    );
  }

  #scopeKeys(scope: string): ScopeKeys {
    const scopeKeys = this.#scopes.get(scope) ?? new ScopeKeys();
    this.#scopes.set(scope, scopeKeys);
    return scopeKeys;
  }

  #compactIfLarge(): void {
    const all = [...this.#scopes.values()];
    const total = all.reduce((sum, { characters }) => sum + characters, 0);
    if (total <= this.#maxCharacters) return;
    all
      .reduce((largest, each) => (each.characters > largest.characters ? each : largest))
      .compact();
  }
}

interface SweepContext {
  readonly matcher: SweepMatcher;
  readonly sweep: Sweep;
}

/**
 * The keys of a scope that a sweep deletes; undefined if some may be deleted that are not known.
 */
function missingKeys(
  scopeKeys: ScopeKeys,
  scope: Scope,
  { matcher, sweep: { range, again = false } }: SweepContext,
): readonly string[] | undefined {
  const { isNew, isFresh } = scopeKeys;
  const isTraversal = matcher.coversScope(scope);
  const result = isTraversal ? scopeKeys.sweep(range, again) : undefined;
  if ((isFresh || (isTraversal && isNew)) && !again) return [];
  if (scopeKeys.keys) return matcher.missingKeys(scope, scopeKeys.keys);
  return (result === undefined ? matcher.includesScope(scope) : result !== "unproven")
    ? []
    : undefined;
}
