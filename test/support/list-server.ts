import type { RequestHandler, ServerRequest } from "../../src/emulators/http-server.ts";

/** A row of the list. */
export interface ListRow {
  readonly id: string;
  readonly [member: string]: unknown;
}

/** What the list does differently from what was requested. */
interface ListFaults {
  /** Maximum rows of a page. */
  readonly cap?: number;
  /** The page size that offsets are computed from. Default: `served`, the size after `cap`. */
  readonly offsetBy?: "requested" | "served";
  /** Rows that are left out of each page after it was cut. */
  readonly hidden?: (row: ListRow) => boolean;
  /** Whether the response has the total number of rows. Default: yes. */
  readonly total?: boolean;
}

/** Serves a list by `page` and `size`. Calls `rows` for each request, so the list may change. */
export function listHandler(
  rows: () => readonly ListRow[],
  faults: ListFaults = {},
): RequestHandler {
  const { cap = Infinity, offsetBy = "served", hidden = () => false, total = true } = faults;
  return (request, response) => {
    const { page, size } = pageParams(request);
    if (!(Number.isInteger(page) && page >= 1 && Number.isInteger(size) && size >= 1)) {
      response.writeHead(400).end();
      return;
    }
    const served = Math.min(size, cap);
    const start = (page - 1) * (offsetBy === "requested" ? size : served);
    const content = rows()
      .slice(start, start + served)
      .filter((row) => !hidden(row));
    const count = total ? { total: rows().filter((row) => !hidden(row)).length } : {};
    response.end(JSON.stringify({ page, size: content.length, ...count, content }));
  };
}

/** The page and the size that are requested. */
export function pageParams({ url }: ServerRequest): {
  readonly page: number;
  readonly size: number;
} {
  return {
    page: Number(url.searchParams.get("page")),
    size: Number(url.searchParams.get("size")),
  };
}

/** Rows with the ids `r0`, `r1` and so on. */
export function newRows(count: number, members: (index: number) => object = () => ({})): ListRow[] {
  return Array.from({ length: count }, (_, index) => ({ id: `r${index}`, ...members(index) }));
}
