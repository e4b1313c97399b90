import { graphqlErrors, ResponseError } from "./response.ts";

/**
 * The cursor of an element of a list. W&B's cursors are offsets: where elements come or go before
 * it, the next page repeats some or skips some.
 */
export function cursorOf(offset: number): string {
  return Buffer.from(`arrayconnection:${offset}`).toString("base64");
}

/** The offset of the first element after a cursor. Throws a ResponseError. */
export function offsetAfter(cursor: string | null | undefined): number {
  if (!cursor) return 0;
  const [, offset] = /^arrayconnection:(\d+)$/.exec(Buffer.from(cursor, "base64").toString()) ?? [];
  if (offset !== undefined) return Number(offset) + 1;
  throw new ResponseError(graphqlErrors(400, `invalid cursor: ${cursor}`));
}
