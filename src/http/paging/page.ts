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

/** A list that a service returns in pages. */
export interface List {
  readonly path: string;
  readonly query?: Query;
  /**
   * Members of the body that may hold the rows; the first that is an array is used. Default:
   * `content`, `items`, `data`.
   */
  readonly rowKeys?: readonly string[];
}

const defaultKeys = ["content", "items", "data"];

/** A page: one response with several rows. */
export interface Page {
  /** The elements as JSON text, as the service spelled and ordered them. */
  readonly rows: readonly string[];
  /** The number of rows in the list, if the service says (`total`). */
  readonly total?: number;
  /** Why rows of this page could not be read; they are missing from `rows`. */
  readonly unreadable?: string;
  readonly bytes: number;
  /** The memory of a large page, until its rows are written. */
  readonly held?: Disposable | undefined;
  /** The number of the page, from 1. */
  readonly number: number;
}

/** One traversal of a list, from its first page to its last. */
export interface Pages<P extends Page = Page> extends AsyncIterable<P> {
  /** The end was reached, and nothing suggests that rows were missed. */
  readonly complete: boolean;
  /** All pages so far reported the same total, or none. */
  readonly stable: boolean;
  /** The total of the latest page that reported one. */
  readonly total: number | undefined;
}

/**
 * Whether a finished traversal that yielded `distinct` different rows has seen the whole list. An
 * empty list without a total does not count: the service may not be up yet.
 */
export function isCompleteListing({ complete, stable, total }: Pages, distinct: number): boolean {
  return complete && stable && (total === undefined ? distinct > 0 : distinct === total);
}

/** The number of rows that a finished traversal missed although the service always counted them. */
export function missingRows({ stable, total = 0 }: Pages, distinct: number): number {
  return stable ? Math.max(0, total - distinct) : 0;
}

/** A page and the rest of its body. */
export interface PageBody {
  readonly page: Omit<Page, "number">;
  /** The parsed body, with an empty array in place of the rows. */
  readonly value: unknown;
  /** The body is just the array of rows, so there is nothing to page by. */
  readonly isBareArray: boolean;
  /** The bytes of the array of rows, as sent. */
  readonly rawRows: Uint8Array;
}

/**
 * Extracts the rows and the total from a body, for a request's `accept`. Throws a SourceError if
 * there is no array of rows, and what `parseJson` throws if the body is not JSON.
 */
export function pageBody(body: Body, { path, rowKeys = defaultKeys }: List): PageBody {
  const { bytes } = body;
  const text = textOf(body);
  const outline = scanBody(body) ?? [];
  const isBareArray = "elements" in outline;
  const list = isBareArray ? outline : listOf(outline, rowKeys, text);
  if (!list) {
    throw new SourceError(`${path}: expected an array in ${rowKeys.join(" or ")}, got other JSON`);
  }
  const { start, end } = list;
  const value = parseJson(`${text({ start: 0, end: start })}[]${text({ start: end, end: bytes })}`);
  const total = memberByPath(value, "total");
  const hasTotal = typeof total === "number" && Number.isInteger(total) && total >= 0;
  const rows = list.elements.map(text);
  const rawRows = body.data.subarray(start, end);
  return { page: { rows, bytes, ...(hasTotal ? { total } : {}) }, value, isBareArray, rawRows };
}

/** The same for a page whose rows become a batch, which has to take over what is `held`. */
export function heldPageBody(body: Body, list: List): PageBody {
  const { page, ...rest } = pageBody(body, list);
  return { ...rest, page: { ...page, held: body.hold() } };
}

/**
 * The first of these members that is an array. Services written in Go send null for an empty one.
 */
function listOf(
  members: readonly Member[],
  keys: readonly string[],
  text: (span: Span) => string,
): ArraySpan | undefined {
  const values = new Map(members.map(({ key, value }) => [unquote(text(key)), value]));
  const candidates = keys.map((key) => values.get(key)).filter((value) => value !== undefined);
  const list = candidates.find((value) => "elements" in value);
  if (list) return list;
  const empty = candidates.find((value) => text(value) === "null");
  return empty && { ...empty, elements: [] };
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

/** Returns a function that decodes a span of the body. ASCII decodes fastest as Latin-1. */
function textOf({ data }: Body): (span: Span) => string {
  const encoding = isAscii(data) ? "latin1" : "utf8";
  return ({ start, end }) => data.toString(encoding, start, end);
}

/** A member of a parsed body by path, like `links.next`; undefined if it is missing or null. */
export function memberByPath(value: unknown, path: string): unknown {
  let current = value;
  for (const name of path.split(".")) {
    if (typeof current !== "object" || current === null) return undefined;
    current = Object.entries(current).find(([key]) => key === name)?.[1];
  }
  return current ?? undefined;
}
