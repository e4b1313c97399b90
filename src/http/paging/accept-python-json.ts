import type { Body } from "../body.ts";
import type { Client } from "../client.ts";
import type { ListClient } from "./chained-pages.ts";
import { parsePythonJson } from "../../json/python-json.ts";

/**
 * Wraps a client so that it accepts JSON as Python writes it, with bare NaN and infinities. They
 * become strings, also in the text.
 */
export function acceptPythonJson(client: Client): ListClient {
  return {
    baseUrl: client.baseUrl,
    request: ({ accept, ...request }) =>
      client.request({ ...request, accept: (body) => accept(toStrictJson(body)) }),
  };
}

/** Text that is not JSON either way is left as it is, to be rejected. */
function toStrictJson(body: Body): Body {
  return body.withText(parsePythonJson(body.text)?.text ?? body.text);
}
