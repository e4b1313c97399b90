import type { RequestHandler, ServerRequest } from "../../src/emulators/http-server.ts";

export interface ListRow {
  readonly id: string;
  readonly [member: string]: unknown;
}

export interface ListFaults {
  /** Rows that a page has at most. */
  readonly cap?: number;
  /** Where a page starts: after pages of the size that was asked for, or of the size that is served. Default: served. */
  readonly offsetBy?: "requested" | "served";
  /** Rows of each page that are left out after it was cut. */
  readonly hidden?: (row: ListRow) => boolean;
  /** Whether the answer says how many rows there are. Default: yes. */
  readonly total?: boolean;
}

/** A list of a service that is asked for by `page` and `size`; it may change while it is read. */
export function listHandler(
  rows: () => readonly ListRow[],
  traps: ListFaults = {},
): RequestHandler {
  const { cap = Infinity, offsetBy = "served", hidden = () => false, total = true } = traps;
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
    const told = total ? { total: rows().filter((row) => !hidden(row)).length } : {};
    response.end(JSON.stringify({ page, size: content.length, ...told, content }));
  };
}

/** The page and the size that a request asks for. */
export function pageParams({ url }: ServerRequest): {
  readonly page: number;
  readonly size: number;
} {
  return {
    page: Number(url.searchParams.get("page")),
    size: Number(url.searchParams.get("size")),
  };
}

/** Rows `r0`, `r1` and so on. */
export function newRows(count: number, members: (index: number) => object = () => ({})): ListRow[] {
  return Array.from({ length: count }, (_, index) => ({ id: `r${index}`, ...members(index) }));
}
