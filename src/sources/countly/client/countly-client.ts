import { newValueRedactor } from "../../../core/redact.ts";
import type { SourceContext } from "../../../core/source.ts";
import type { Body } from "../../../http/body.ts";
import { newClient, type Client } from "../../../http/client.ts";
import { parseJson } from "../../../http/json-body.ts";
import type { Query } from "../../../http/url.ts";
import type { CountlyConfig } from "./config.ts";
import { unwrapEjson } from "./ejson.ts";
import { unescapeEntities } from "./html-entities.ts";

/**
 * Where the key is sent: in the form of a POST, which no server logs; as a token in the header
 * `countly-token`; or in the URL, for servers that look nowhere else.
 */
export type KeyLocation = "form" | "token" | "url";

/**
 * How a response is encoded on top of JSON: `escaped` has HTML entities in names and strings,
 * `ejson` has EJSON wrappers, `plain` has neither.
 */
export type ResponseEncoding = "escaped" | "ejson" | "plain";

/** A request to a Countly server. */
export interface CountlyRequest {
  readonly path: string;
  readonly params?: Query;
  /** Default: `escaped`. */
  readonly encoding?: ResponseEncoding;
}

/** A decoded response, with the API key redacted. */
export interface CountlyResponse {
  readonly body: Body;
  /** The body, parsed. */
  readonly value: unknown;
}

/** Sends a request to the server and decodes the response. */
export type SendRequest = (request: CountlyRequest) => Promise<CountlyResponse>;

/**
 * Creates a client that sends the key in the given location.
 *
 * @see https://api.count.ly/reference/rest-api-reference
 */
export function newSendRequest(
  config: CountlyConfig,
  context: SourceContext,
  keyLocation: KeyLocation,
): SendRequest {
  const { api_key } = config;
  const client = newCountlyClient(config, context, keyLocation);
  const redact = newValueRedactor([api_key]);
  return async ({ path, params = {}, encoding = "escaped" }) => {
    const accept = (body: Body): CountlyResponse =>
      decode(body.withText(redact(body.text)), encoding);
    const { value } =
      keyLocation === "url"
        ? await client.request({ method: "GET", path, query: { ...params, api_key }, accept })
        : await client.request({
            method: "POST",
            path,
            form: keyLocation === "form" ? { ...params, api_key } : params,
            accept,
          });
    return value;
  };
}

/** Creates a client that does not send the key. */
export function anonymousClient(config: CountlyConfig, context: SourceContext): Client {
  return newCountlyClient(config, context, "form");
}

function newCountlyClient(
  config: CountlyConfig,
  context: SourceContext,
  keyLocation: KeyLocation,
): Client {
  const { api_key, base_url, request_timeout_seconds } = config;
  return newClient({
    ...context,
    baseUrl: base_url,
    headers: keyLocation === "token" ? { "countly-token": api_key } : {},
    secrets: [api_key],
    requestTimeoutMs: request_timeout_seconds * 1000,
    silenceTimeoutMs: request_timeout_seconds * 1000,
    retryAttempts: config.retry_attempts,
    concurrency: config.concurrency,
    // Asks the database too, and needs no key.
    probe: { method: "GET", path: "o/ping", accept: ({ text }) => parseJson(text) },
    remedies: {
      401: "check countly.api_key, and what it may read",
      403: "check whether the app is locked, and what countly.api_key may read",
      404: "check countly.base_url",
    },
    mustChange: ({ status }) => status === 404,
  });
}

function decode(body: Body, encoding: ResponseEncoding): CountlyResponse {
  const value = parseJson(body.text);
  if (encoding === "plain") return { body, value };
  const text = encoding === "escaped" ? unescapeEntities(body.text) : unwrapEjson(body.text);
  const decoded = body.withText(text);
  return { body: decoded, value: decoded === body ? value : parseJson(text) };
}
