import type { Client } from "../../http/client.ts";
import { parseJson } from "../../http/json-body.ts";
import { pythonJson, type ParsedJson } from "./python-json.ts";

/** A client that takes JSON as Python writes it, with bare NaN and infinities. They come as strings, in the text too. */
export function lenient(client: Client): Client {
  return {
    ...client,
    async getJson(path, options) {
      const answer = await client.request({ method: "GET", path, accept: accepted, ...options });
      return { ...answer, ...answer.value };
    },
  };
}

function accepted(text: string): ParsedJson {
  const parsed = pythonJson(text);
  // For its message.
  if (!parsed) return { text, value: parseJson(text) };
  return parsed;
}
