import { referenceProblems } from "../../core/column-problems.ts";
import { ConfigError, TransientError } from "../../core/errors.ts";
import { ListedKeys } from "../../engine/listed-keys.ts";
import { HighWaterMark } from "../../engine/high-water-mark.ts";
import { keyOf, type ColumnType, type Row } from "../../core/schema.ts";
import type { ReadOptions, Rejected, Stream, StreamBatch } from "../../core/source.ts";
import { toTimestamp } from "../../core/timestamp.ts";
import type { Client } from "../client.ts";
import { believedSize } from "./believed-size.ts";
import { isCompleteListing, missingRows, type List, type Page, type Pages } from "./page.ts";
import { PageMapper, type MappedPage, type RowDeclaration } from "./page-mapper.ts";
import { numberedPages } from "./numbered-pages.ts";
import type { Query } from "../url.ts";

/** How a stream is read incrementally. */
export interface RestCursor {
  readonly column: string;
  /**
   * `ascending` only if pages are ordered by the cursor and a row's cursor never changes, like a
   * time of creation. If a row moved to the end during a read, the rows after it would shift by
   * one, and one of them past the next page.
   */
  readonly order: "ascending" | "any";
  /** How long it may take until the service shows a change. */
  readonly lookbackMinutes: number;
  /** The parameters that request rows whose cursor is `since` (a UTC timestamp) or later. */
  query(since: string): Query;
}

/** Declares a stream of a REST service. */
export interface RestDeclaration extends RowDeclaration, List {
  readonly description?: string;
  /** Absent: every sync reads the whole list and detects deleted rows. */
  readonly cursor?: RestCursor;
  /**
   * Whether to add a column `raw` with each object as the service sent it. Default: true. Without
   * it, fields that no column takes are lost.
   */
  readonly raw?: boolean;
  /** Rows per page. Default: 100. */
  readonly size?: number;
  /** How the list is paged. Default: `numberedPages`. */
  pages?(client: Client, list: List): Pages;
}

/** How often to read a list that changes meanwhile, until one traversal is a complete listing. */
const maxListings = 3;

/** Creates the stream of a declaration. */
export function restStream(client: Client, given: RestDeclaration): Stream {
  const declaration = given.raw === false ? given : withRaw(given);
  checkDeclaration(declaration);
  const { name, description, columns, primaryKey, cursor } = declaration;
  return {
    name,
    columns,
    primaryKey,
    ...(description === undefined ? {} : { description }),
    ...(cursor === undefined ? {} : { cursor: cursor.column }),
    async *read(options) {
      const mapper = new PageMapper(declaration, options.log);
      const reading = { client, declaration, mapper, options };
      yield* cursor ? readIncrementally(reading, cursor) : readAll(reading);
      const note = mapper.end();
      if (note !== undefined) yield { rows: [], bytes: 0, note };
    },
  };
}

/** Throws a ConfigError if the declaration names a column that it does not have. */
function checkDeclaration({ name, columns, fields = {}, required = [], cursor }: RestDeclaration) {
  const problems = referenceProblems(columns, { fields: Object.keys(fields), required });
  const type = cursor && columns[cursor.column];
  if (type !== undefined && !cursorTypes.includes(type))
    problems.push(`cursor: expected a timestamp, but "${cursor?.column}" is of type ${type}`);
  if (problems.length > 0) throw new ConfigError(`stream "${name}": ${problems.join("; ")}`);
}

/** A high-water mark is a timestamp; text may be one. */
const cursorTypes: readonly ColumnType[] = ["timestamp", "date", "string"];

/** Whatever a service adds to its objects later is then kept. */
function withRaw(declaration: RestDeclaration): RestDeclaration {
  const { columns } = declaration;
  return { ...declaration, columns: { ...columns, raw: columns["raw"] ?? "json" } };
}

interface ListReading {
  readonly client: Client;
  readonly declaration: RestDeclaration;
  readonly mapper: PageMapper;
  readonly options: ReadOptions;
}

function openPages({ client, declaration }: ListReading, query: Query = {}): Pages {
  const list = { ...declaration, query: { ...declaration.query, ...query } };
  return declaration.pages ? declaration.pages(client, list) : numberedPages(client, list);
}

async function* readIncrementally(
  reading: ListReading,
  cursor: RestCursor,
): AsyncGenerator<StreamBatch, void> {
  const { mapper, options, declaration } = reading;
  const saved = options.fullRefresh ? undefined : options.checkpoints.get("");
  const mark = new HighWaterMark(saved, {
    order: cursor.order,
    lookbackMs: cursor.lookbackMinutes * 60_000,
    startedAt: options.startedAt,
    quarantined: options.quarantined,
    column: cursor.column,
  });
  const pages = openPages(reading, mark.since === undefined ? {} : cursor.query(mark.since));
  let rows = 0;
  let hasGap = false;
  for await (const page of pages) {
    options.signal.throwIfAborted();
    const mapped = mapper.map(page);
    rows += mapped.rows.length;
    // The next read begins before what could not be read.
    hasGap ||= page.unreadable !== undefined;
    const reached = mark.page(mapped.rows.map((row) => textIn(row, cursor.column)));
    const checkpoint = hasGap ? undefined : reached;
    const batch = toBatch(page, { ...mapped, rejected: located(mapped, cursor) });
    yield { ...batch, ...(checkpoint ? { checkpoint } : {}) };
  }
  const checkpoint = pages.complete ? mark.end() : undefined;
  if (checkpoint) yield { rows: [], bytes: 0, checkpoint };
  if (pages.complete && rows > 0 && !mark.isSet)
    options.log.warning(
      `${declaration.name}: no row has a timestamp in "${cursor.column}", so each sync reads everything; see the cursor`,
    );
  if (!pages.complete) {
    options.log.warning(`${declaration.name}: rows are missing; the next sync reads them again`);
  }
}

async function* readAll(reading: ListReading): AsyncGenerator<StreamBatch, void> {
  const { options, declaration } = reading;
  let missing = 0;
  for (let listings = 1; listings <= maxListings; listings += 1) {
    const result = yield* readListing(reading, listings > 1);
    if (result.isComplete) return;
    missing = result.missing;
    const { unkeyed } = result;
    if (unkeyed === 0) continue;
    const objects = unkeyed === 1 ? "an object has" : `${unkeyed} objects have`;
    options.log.warning(
      `${declaration.name}: ${objects} no key and may be any row; nothing was marked as deleted`,
    );
    return;
  }
  if (missing > 0)
    throw new TransientError(
      `${declaration.name}: the service counts ${missing} more than it returned; run the sync again`,
    );
  options.log.warning(
    `${declaration.name}: the list changed during each of ${maxListings} reads; the next sync detects deleted rows`,
  );
}

interface ListingResult {
  /** The listing was complete, and what it did not show is marked as deleted. */
  readonly isComplete: boolean;
  /** The number of rows that the service counts but did not return. */
  readonly missing: number;
  /** The number of objects that no key tells apart. */
  readonly unkeyed: number;
}

/** @param again - Whether the list was read before in this sync. */
async function* readListing(
  reading: ListReading,
  again: boolean,
): AsyncGenerator<StreamBatch, ListingResult> {
  const { mapper, options, declaration } = reading;
  const pages = openPages(reading);
  using keys = new ListedKeys(declaration);
  const rejected = new Set<string>();
  let unkeyed = 0;
  for await (const page of pages) {
    options.signal.throwIfAborted();
    const mapped = mapper.map(page);
    for (const row of mapped.rows) keys.add(keyOf(declaration, row));
    for (const { key } of mapped.rejected) rejected.add(key);
    unkeyed += mapped.unkeyed;
    yield toBatch(page, mapped);
  }
  const shown = keys.count() + rejected.size;
  if (unkeyed > 0 || !isCompleteListing(pages, shown))
    return { isComplete: false, missing: missingRows(pages, shown), unkeyed };
  const checkpoint = believedSize(declaration, { shown, options });
  let last: StreamBatch | undefined;
  for (const sweep of keys.sweeps()) {
    if (last) yield last;
    last = { rows: [], bytes: sweep.keys.length * keyBytes, sweep: { ...sweep, again } };
  }
  yield { rows: [], bytes: 0, ...last, ...(checkpoint ? { checkpoint } : {}) };
  return { isComplete: true, missing: 0, unkeyed };
}

/** About what a key takes in memory, for the limits of what is read ahead. */
const keyBytes = 100;

function toBatch({ bytes, held, total }: Page, { rows, rejected }: MappedPage): StreamBatch {
  return { rows, rejected, bytes, held, ...(total === undefined ? {} : { expected: total }) };
}

/** Adds the lowest cursor of the page to the location of an object with a key: it is read again. */
function located({ rows, rejected }: MappedPage, { column }: RestCursor): readonly Rejected[] {
  if (rejected.length === 0) return rejected;
  const instants = rows.map((row) => toTimestamp(textIn(row, column) ?? ""));
  const [lowest] = instants.filter((instant) => instant !== undefined).sort();
  return rejected.map((entry) =>
    entry.where && lowest !== undefined
      ? { ...entry, where: { [column]: lowest, ...entry.where } }
      : entry,
  );
}

function textIn(row: Row, column: string): string | undefined {
  const value = row[column];
  return typeof value === "string" ? value : undefined;
}
