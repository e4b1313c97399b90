import { SourceError } from "../../../core/errors.ts";
import { firstPresent } from "../../../json/row-mapper.ts";
import { members, emptyMembers, plain } from "../../../json/text-scanner.ts";
import { pageBody } from "../../../http/paging/page.ts";
import type { Query } from "../../../http/url.ts";
import type { SendRequest } from "../client/countly-client.ts";

export interface OffsetPagedList {
  readonly path: string;
  readonly params?: Query;
  /** Rows to ask for at once. */
  readonly limit: number;
}

export interface OffsetPage {
  readonly rows: readonly string[];
  readonly bytes: number;
}

/** A list that was read to its end. */
export interface OffsetListing {
  readonly rows: readonly string[];
  /** Whether it rested meanwhile, so that no row is missing. */
  readonly isComplete: boolean;
}

/** All rows of a list. */
export async function readAllPages(
  ask: SendRequest,
  list: OffsetPagedList,
): Promise<OffsetListing> {
  const rows: string[] = [];
  const pages = readOffsetPages(ask, list);
  let next = await pages.next();
  for (; !next.done; next = await pages.next()) rows.push(...next.value.rows);
  return { rows, isComplete: next.value };
}

/**
 * The pages of a list in the original connector's shape, `{"data":[…]}` by `limit` and `skip`, until an empty one. Returns whether no row
 * can have moved past the reader: each page begins with the last row of the one before, or rows were taken out meanwhile.
 *
 * A page that comes again is an error, unless the service turns out to send the whole list whatever it is asked for. A list that is empty is asked for
 * twice: a service that has just lost its database shows none either.
 */
export async function* readOffsetPages(
  ask: SendRequest,
  list: OffsetPagedList,
): AsyncGenerator<OffsetPage, boolean> {
  const shown = await requestPage(ask, list, 0);
  const first = shown.rows.length > 0 ? shown : await requestPage(ask, list, 0);
  let [skip, isStill] = [0, true];
  for (let page = first; page.rows.length > 0;) {
    yield page;
    skip += page.rows.length;
    const last = rowId(page.rows.at(-1));
    const next = await requestPage(ask, list, skip - 1);
    const isNext = rowId(next.rows[0]) === last;
    if (!isNext && isRepeated(next, first)) return await confirmUnpaged(ask, list, first);
    isStill &&= isNext;
    const rows = isNext ? next.rows.slice(1) : next.rows;
    page = rows.length > 0 ? { ...next, rows } : await requestPage(ask, list, skip);
    if (isRepeated(page, first)) return await confirmUnpaged(ask, list, first);
  }
  return isStill;
}

async function requestPage(
  ask: SendRequest,
  list: OffsetPagedList,
  skip: number,
): Promise<OffsetPage> {
  const { path, params, limit } = list;
  const { body } = await ask({ path, params: { ...params, limit, skip }, encoding: "plain" });
  return pageBody(body, { path, rowKeys: ["data"] }).page;
}

/** Whether a page starts as the first one did. */
function isRepeated({ rows }: OffsetPage, first: OffsetPage): boolean {
  return rows.length > 0 && rowId(rows[0]) === rowId(first.rows[0]);
}

/** That the service sends the whole list also where one row was asked for; throws a SourceError where it does not. */
async function confirmUnpaged(
  ask: SendRequest,
  list: OffsetPagedList,
  first: OffsetPage,
): Promise<true> {
  const { rows } = await requestPage(ask, { ...list, limit: 1 }, 0);
  if (rows.length === first.rows.length) return true;
  throw new SourceError(`${list.path}: a page came again; the service does not look at skip`);
}

/** What tells a row from others. */
function rowId(row = ""): string {
  const names = ["_id", "id", "user_id", "group_id", "app_id"];
  return plain(firstPresent(members(row) ?? emptyMembers, names)) ?? row;
}
