import { SourceError } from "../core/errors.ts";
import { elements, elementsOf } from "../core/json-text.ts";
import type { Answer } from "./client.ts";
import type { Query } from "./url.ts";

/** A list that a service gives out in pages. */
export interface List {
  readonly path: string;
  readonly query?: Query;
  /** Members of the body that may hold the rows; the first that does counts. Default: `content`, `items`, `data`. */
  readonly rowKeys?: readonly string[];
}

const defaultKeys = ["content", "items", "data"];

/** One answer of a list. */
export interface Page {
  /** The elements as the service spelled them, and in its order. */
  readonly rows: readonly string[];
  /** How many rows the list has in all, where the service says so (`total`). */
  readonly total?: number;
  /** Why rows of this page could not be read; there are none of them in `rows`. */
  readonly unreadable?: string;
  readonly text: string;
  readonly bytes: number;
  /** Counts the pages of this walk, from 1. */
  readonly number: number;
}

/** One walk through a list, from its first page to its last. */
export interface Pages<P extends Page = Page> extends AsyncIterable<P> {
  /** Whether the walk has reached the end, and nothing hints at rows that it missed. */
  readonly complete: boolean;
  /** Whether every page so far told the same total, or none. */
  readonly stable: boolean;
  /** The latest total that a page told, also an empty one. */
  readonly total: number | undefined;
}

/**
 * Whether a walk that has ended has seen all of the list, with so many different rows. An empty list that does not say that it is
 * one may be a service that has not woken up yet.
 */
export function sawAll({ complete, stable, total }: Pages, distinct: number): boolean {
  return complete && stable && (total === undefined ? distinct > 0 : distinct === total);
}

/** How many rows a walk that has ended did not show, although the service counted them all the time. */
export function unseen({ stable, total = 0 }: Pages, distinct: number): number {
  return stable ? Math.max(0, total - distinct) : 0;
}

/** A page, and the body that it stood in. */
export interface PageBody {
  readonly page: Omit<Page, "number">;
  readonly value: unknown;
  /** Whether the body is the bare array of rows, so that there is nothing to page by. */
  readonly bare: boolean;
}

/** Finds the rows and the total in a body. Throws a SourceError where there is no array. */
export function pageBody(answer: Answer<unknown>, { path, rowKeys = defaultKeys }: List): PageBody {
  const { text, bytes, value } = answer;
  const bare = Array.isArray(value);
  const rows = bare ? elements(text) : rowsOf(answer, rowKeys);
  if (!rows) {
    throw new SourceError(`${path}: expected an array in ${rowKeys.join(" or ")}, got other JSON`);
  }
  const total = member(value, "total");
  const told = typeof total === "number" && Number.isInteger(total) && total >= 0;
  return { page: { rows, text, bytes, ...(told ? { total } : {}) }, value, bare };
}

/** A member of a body by its path: `links.next`. Undefined where there is none, or it is null. */
export function member(value: unknown, path: string): unknown {
  let found = value;
  for (const name of path.split(".")) {
    if (typeof found !== "object" || found === null) return undefined;
    found = Object.entries(found).find(([key]) => key === name)?.[1];
  }
  return found ?? undefined;
}

function rowsOf({ text, value }: Answer<unknown>, keys: readonly string[]): string[] | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const named = new Map<string, unknown>(Object.entries(value));
  const key = keys.find((name) => Array.isArray(named.get(name)));
  if (key !== undefined) return elementsOf(text, key);
  // Services that are written in Go spell an empty list as null.
  return keys.some((name) => named.get(name) === null) ? [] : undefined;
}
