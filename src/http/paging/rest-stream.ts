import { TransientError } from "../../core/errors.ts";
import { HighWaterMark } from "../../engine/high-water-mark.ts";
import { keyOf, type Key, type Row } from "../../core/schema.ts";
import type { ReadOptions, Stream, StreamBatch } from "../../core/source.ts";
import type { Client } from "../client.ts";
import { isCompleteListing, missingRows, type List, type Page, type Pages } from "./page.ts";
import { PageMapper, type MappedPage, type RowDeclaration } from "./page-mapper.ts";
import { numberedPages } from "./numbered-pages.ts";
import type { Query } from "../url.ts";

/** How a stream that is read incrementally asks for what is new. */
export interface RestCursor {
  readonly column: string;
  /**
   * `ascending` only where the pages follow the cursor and a row keeps its place, as with a time of creation: a row that moves to
   * the end while we page makes the others move up, past the page that is read next.
   */
  readonly order: "ascending" | "any";
  /** How long a change may take until the service shows it. */
  readonly lookbackMinutes: number;
  /** The parameters that ask for rows whose cursor is this instant or later. */
  query(since: string): Query;
}

/** A table's worth of a REST service, declared. */
export interface RestDeclaration extends RowDeclaration, List {
  readonly description?: string;
  /** Absent: the whole list is read each time, and rows that are gone are found. */
  readonly cursor?: RestCursor;
  /** Rows to ask for per page. Default: 100. */
  readonly size?: number;
  /** How the list is paged. Default: `numberedPages`. */
  pages?(client: Client, list: List): Pages;
}

/** A list that changes under us is walked so often, until one walk has seen it as it is. */
const maxListings = 3;

/** The stream that a declaration describes. */
export function restStream(client: Client, declaration: RestDeclaration): Stream {
  const { name, description, columns, primaryKey, cursor } = declaration;
  return {
    name,
    columns,
    primaryKey,
    ...(description === undefined ? {} : { description }),
    ...(cursor === undefined ? {} : { cursor: cursor.column }),
    async *read(options) {
      const reader = new PageMapper(declaration, options.log);
      const walk = { client, declaration, reader, options };
      yield* cursor ? incremental(walk, cursor) : fullRefresh(walk);
      reader.end();
    },
  };
}

interface ListReading {
  readonly client: Client;
  readonly declaration: RestDeclaration;
  readonly reader: PageMapper;
  readonly options: ReadOptions;
}

function openPages({ client, declaration }: ListReading, query: Query = {}): Pages {
  const list = { ...declaration, query: { ...declaration.query, ...query } };
  return declaration.pages ? declaration.pages(client, list) : numberedPages(client, list);
}

async function* incremental(
  walk: ListReading,
  cursor: RestCursor,
): AsyncGenerator<StreamBatch, void> {
  const { reader, options, declaration } = walk;
  const saved = options.fullRefresh ? undefined : options.checkpoints.get("");
  const mark = new HighWaterMark(saved, {
    order: cursor.order,
    lookbackMs: cursor.lookbackMinutes * 60_000,
    startedAt: options.startedAt,
  });
  const pages = openPages(walk, mark.since === undefined ? {} : cursor.query(mark.since));
  for await (const page of pages) {
    options.signal.throwIfAborted();
    const read = reader.map(page);
    const checkpoint = mark.page(read.rows.map((row) => textIn(row, cursor.column)));
    yield { ...toBatch(page, read), ...(checkpoint ? { checkpoint } : {}) };
  }
  const checkpoint = pages.complete ? mark.end() : undefined;
  if (checkpoint) yield { rows: [], bytes: 0, checkpoint };
  if (!pages.complete) {
    options.log.warning(`${declaration.name}: rows are missing; the next sync reads them again`);
  }
}

async function* fullRefresh(walk: ListReading): AsyncGenerator<StreamBatch, void> {
  const { options, declaration } = walk;
  let missing = 0;
  for (let walks = 1; walks <= maxListings; walks += 1) {
    const seen = yield* readListing(walk);
    if (seen.allKeys) {
      yield { rows: [], bytes: 0, sweep: { keys: seen.allKeys, again: walks > 1 } };
      return;
    }
    missing = seen.missing;
  }
  if (missing > 0)
    throw new TransientError(
      `${declaration.name}: the service counts ${missing} more than it shows; run the sync again`,
    );
  options.log.warning(
    `${declaration.name}: the list changed while it was read, ${maxListings} times; rows that are gone are found by the next sync`,
  );
}

interface ListingResult {
  /** The keys of the whole list, where the walk is known to have seen all of it. */
  readonly allKeys?: readonly Key[];
  /** How many rows the service counts besides. */
  readonly missing: number;
}

/** One walk through all pages. */
async function* readListing(walk: ListReading): AsyncGenerator<StreamBatch, ListingResult> {
  const pages = openPages(walk);
  const keys = new Set<string>();
  const rejected = new Set<string>();
  for await (const page of pages) {
    walk.options.signal.throwIfAborted();
    const read = walk.reader.map(page);
    for (const row of read.rows) keys.add(JSON.stringify(keyOf(walk.declaration, row)));
    for (const { key } of read.rejected) rejected.add(key);
    yield toBatch(page, read);
  }
  const distinct = keys.size + rejected.size;
  if (!isCompleteListing(pages, distinct)) return { missing: missingRows(pages, distinct) };
  return { allKeys: [...keys].map((key) => JSON.parse(key) as Key), missing: 0 };
}

function toBatch({ bytes, total }: Page, { rows, rejected }: MappedPage): StreamBatch {
  return { rows, rejected, bytes, ...(total === undefined ? {} : { expected: total }) };
}

function textIn(row: Row, column: string): string | undefined {
  const value = row[column];
  return typeof value === "string" ? value : undefined;
}
