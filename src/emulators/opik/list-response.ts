import { parsePage } from "./query-parameter.ts";
import type { RequestContext } from "./request-context.ts";
import type { HttpResponse } from "./response.ts";

interface ListOptions<T> {
  readonly text: (row: T) => string;
  /** Members of the page besides the usual ones, as JSON text. */
  readonly more?: Readonly<Record<string, string>>;
  /** The total (default: the number of rows). */
  readonly total?: number;
  /** The page says how many rows were requested instead of how many it has, as few lists do. */
  readonly saysRequestedSize?: boolean;
}

/** The requested page of a list. */
export function listResponse<T>(
  context: RequestContext,
  rows: readonly T[],
  { text, more = {}, total = rows.length, saysRequestedSize = false }: ListOptions<T>,
): HttpResponse {
  const { faults, path } = context;
  const { page, size } = parsePage(context.query);
  const limit = Math.min(size, faults.pageSizeCap ?? size);
  const sent = faults.ignorePaging ? rows : rows.slice((page - 1) * limit, page * limit);
  const content = `[${sent.map(text).join(",")}]`;
  faults.onPage?.({ path, rows: sent.length });
  if (faults.documentedShape) return { status: 200, text: `{"items":${content}}` };
  const shownSize = saysRequestedSize ? size : sent.length;
  const usual = `{"page":${page},"size":${shownSize},"total":${total},"content":${content}`;
  const rest = Object.entries(more).map(([name, value]) => `,"${name}":${value}`);
  return { status: 200, text: `${usual}${rest.join("")}}` };
}
