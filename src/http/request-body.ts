import type { Request } from "./request.ts";
import { toSearchParams } from "./url.ts";

/** The body of a request and its content type, as axios takes them; nothing if it has no body. */
export function encodedBody({ json, form }: Request<unknown>): EncodedBody {
  if (json !== undefined) {
    return { data: JSON.stringify(json), headers: { "Content-Type": "application/json" } };
  }
  if (form === undefined) return {};
  return {
    data: toSearchParams(form).toString(),
    headers: { "Content-Type": "application/x-www-form-urlencoded" },
  };
}

interface EncodedBody {
  readonly data?: string;
  readonly headers?: Readonly<Record<string, string>>;
}
