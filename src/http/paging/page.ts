import { isAscii } from "node:buffer";
import { SourceError } from "../../core/errors.ts";
import {
  scanJson,
  JsonSyntaxError,
  type ArraySpan,
  type Member,
  type Span,
} from "../../json/byte-scanner.ts";
import { unquote } from "../../json/text-scanner.ts";
import type { Body } from "../body.ts";
import { parseJson } from "../json-body.ts";
import type { Query } from "../url.ts";

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
export function isCompleteListing({ complete, stable, total }: Pages, distinct: number): boolean {
  return complete && stable && (total === undefined ? distinct > 0 : distinct === total);
}

/** How many rows a walk that has ended did not show, although the service counted them all the time. */
export function missingRows({ stable, total = 0 }: Pages, distinct: number): number {
  return stable ? Math.max(0, total - distinct) : 0;
}

/** A page, and the body that it stood in. */
export interface PageBody {
  readonly page: Omit<Page, "number">;
  /** What else the body says: it without the rows. */
  readonly value: unknown;
  /** Whether the body is the bare array of rows, so that there is nothing to page by. */
  readonly isBareArray: boolean;
  /** The rows as they were sent, all together. */
  readonly rawRows: Uint8Array;
}

/**
 * Finds the rows and the total in a body: meant for a request's `accept`. Throws a SourceError where there is no array, and what `parseJson` throws
 * where it is no JSON.
 */
export function pageBody(body: Body, { path, rowKeys = defaultKeys }: List): PageBody {
  const { bytes } = body;
  const text = textOf(body);
  const found = scanBody(body) ?? [];
  const bare = "elements" in found;
  const list = bare ? found : listOf(found, rowKeys, text);
  if (!list) {
    throw new SourceError(`${path}: expected an array in ${rowKeys.join(" or ")}, got other JSON`);
  }
  const { start, end } = list;
  const value = parseJson(`${text({ start: 0, end: start })}[]${text({ start: end, end: bytes })}`);
  const total = memberByPath(value, "total");
  const told = typeof total === "number" && Number.isInteger(total) && total >= 0;
  const rows = list.elements.map(text);
  const sent = body.data.subarray(start, end);
  return {
    page: { rows, bytes, ...(told ? { total } : {}) },
    value,
    isBareArray: bare,
    rawRows: sent,
  };
}

/** The first of these members that is an array. Services that are written in Go spell an empty one as null. */
function listOf(
  members: readonly Member[],
  keys: readonly string[],
  text: (span: Span) => string,
): ArraySpan | undefined {
  const values = new Map(members.map(({ key, value }) => [unquote(text(key)), value]));
  const named = keys.map((key) => values.get(key)).filter((value) => value !== undefined);
  const list = named.find((value) => "elements" in value);
  if (list) return list;
  const none = named.find((value) => text(value) === "null");
  return none && { ...none, elements: [] };
}

function scanBody(body: Body): ReturnType<typeof scanJson> {
  try {
    return scanJson(body.data);
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    parseJson(body.text);
    throw error;
  }
}

/** What stands in a part of a body. */
function textOf({ data }: Body): (span: Span) => string {
  const encoding = isAscii(data) ? "latin1" : "utf8";
  return ({ start, end }) => data.toString(encoding, start, end);
}

/** A member of a body by its path: `links.next`. Undefined where there is none, or it is null. */
export function memberByPath(value: unknown, path: string): unknown {
  let found = value;
  for (const name of path.split(".")) {
    if (typeof found !== "object" || found === null) return undefined;
    found = Object.entries(found).find(([key]) => key === name)?.[1];
  }
  return found ?? undefined;
}
