import type { Body } from "../../../http/body.ts";
import type { ListClient } from "../../../http/paging/chained-pages.ts";
import type { Client } from "../../../http/client.ts";
import { parsePythonJson } from "../reader/python-json.ts";

/** A client that takes JSON as Python writes it, with bare NaN and infinities. They come as strings, in the text too. */
export function acceptPythonJson(client: Client): ListClient {
  return {
    baseUrl: client.baseUrl,
    request: ({ accept, ...wanted }) =>
      client.request({ ...wanted, accept: (body) => accept(toStrictJson(body)) }),
  };
}

/** Text that is no JSON either way stays what it is, to be refused. */
function toStrictJson(body: Body): Body {
  return body.withText(parsePythonJson(body.text)?.text ?? body.text);
}
