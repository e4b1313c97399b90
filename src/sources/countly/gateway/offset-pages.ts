import { SourceError } from "../../../core/errors.ts";
import { heldPageBody } from "../../../http/paging/page.ts";
import type { Query } from "../../../http/url.ts";
import { firstPresent } from "../../../json/row-mapper.ts";
import { emptyMembers, members, plain } from "../../../json/text-scanner.ts";
import type { SendRequest } from "../client/countly-client.ts";

/** A list that is paged by `limit` and `skip`. */
interface OffsetPagedList {
  readonly path: string;
  readonly params?: Query;
  /** Rows per page. */
  readonly limit: number;
}

interface OffsetPage {
  readonly rows: readonly string[];
  readonly bytes: number;
  readonly held?: Disposable | undefined;
}

/** The rows of a list that was read to its end. */
export interface OffsetListing {
  /** JSON texts. */
  readonly rows: readonly string[];
  /** Whether the list did not change meanwhile, so that no row is missing. */
  readonly isComplete: boolean;
}

/** Reads all pages of a list. */
export async function readAllPages(
  send: SendRequest,
  list: OffsetPagedList,
): Promise<OffsetListing> {
  const rows: string[] = [];
  const pages = readOffsetPages(send, list);
  let next = await pages.next();
  for (; !next.done; next = await pages.next()) {
    rows.push(...next.value.rows);
    next.value.held?.[Symbol.dispose]();
  }
  return { rows, isComplete: next.value };
}

/**
 * Reads the pages of a gateway's list, `{"data":[…]}`, until an empty one. Returns whether the
 * listing is complete: each page overlaps the previous one by a row, and if that row is not there,
 * rows were removed meanwhile and others may have moved past the reader.
 *
 * A repeated page is an error, unless the service always sends the whole list. An empty list is
 * requested twice, because a service that has just lost its database also sends one.
 */
export async function* readOffsetPages(
  send: SendRequest,
  list: OffsetPagedList,
): AsyncGenerator<OffsetPage, boolean> {
  const attempt = await requestPage(send, list, 0);
  const first = attempt.rows.length > 0 ? attempt : await requestPage(send, list, 0);
  let [skip, isComplete] = [0, true];
  for (let page = first; page.rows.length > 0;) {
    yield page;
    skip += page.rows.length;
    const last = rowId(page.rows.at(-1));
    const next = await requestPage(send, list, skip - 1);
    const overlaps = rowId(next.rows[0]) === last;
    if (!overlaps && isRepeated(next, first)) return await confirmUnpaged(send, list, first);
    isComplete &&= overlaps;
    const rows = overlaps ? next.rows.slice(1) : next.rows;
    page = rows.length > 0 ? { ...next, rows } : await requestPage(send, list, skip);
    if (isRepeated(page, first)) return await confirmUnpaged(send, list, first);
  }
  return isComplete;
}

async function requestPage(
  send: SendRequest,
  list: OffsetPagedList,
  skip: number,
): Promise<OffsetPage> {
  const { path, params, limit } = list;
  const { body } = await send({ path, params: { ...params, limit, skip }, encoding: "plain" });
  return heldPageBody(body, { path, rowKeys: ["data"] }).page;
}

/** Whether a page starts with the same row as the first one. */
function isRepeated({ rows }: OffsetPage, first: OffsetPage): boolean {
  return rows.length > 0 && rowId(rows[0]) === rowId(first.rows[0]);
}

/** Throws a SourceError unless the service sends the whole list even if one row is requested. */
async function confirmUnpaged(
  send: SendRequest,
  list: OffsetPagedList,
  first: OffsetPage,
): Promise<true> {
  const { rows } = await requestPage(send, { ...list, limit: 1 }, 0);
  if (rows.length === first.rows.length) return true;
  throw new SourceError(`${list.path}: got the same page twice; the service ignores skip`);
}

/** What identifies a row: its id, or the whole text if it has none. */
function rowId(row = ""): string {
  const names = ["_id", "id", "user_id", "group_id", "app_id"];
  return plain(firstPresent(members(row) ?? emptyMembers, names)) ?? row;
}
