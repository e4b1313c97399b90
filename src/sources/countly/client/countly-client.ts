import type { SourceContext } from "../../../core/source.ts";
import { newValueRedactor } from "../../../core/redact.ts";
import type { Body } from "../../../http/body.ts";
import { newClient, type Client } from "../../../http/client.ts";
import { parseJson } from "../../../http/json-body.ts";
import type { Query } from "../../../http/url.ts";
import type { CountlyConfig } from "./config.ts";
import { unwrapEjson } from "./ejson.ts";
import { unescapeEntities } from "./html-entities.ts";

/**
 * How the key travels: in the form of a POST, which no server writes into its log; as a token in the header `countly-token`; or in
 * the URL, for servers that look nowhere else.
 */
export type KeyLocation = "form" | "token" | "url";

/** How an answer spells what JSON alone would not: names and strings with HTML entities, values with EJSON's wrappers, or nothing of it. */
export type ResponseEncoding = "escaped" | "ejson" | "plain";

export interface CountlyRequest {
  readonly path: string;
  readonly params?: Query;
  /** Default: `escaped`. */
  readonly encoding?: ResponseEncoding;
}

/** What the server answered: JSON, as if it had spelled it plainly, and the key is not in it. */
export interface CountlyResponse {
  readonly body: Body;
  readonly value: unknown;
}

/** Asks the server. */
export type SendRequest = (question: CountlyRequest) => Promise<CountlyResponse>;

/**
 * A way to ask a Countly server, with the key where it looks for it.
 *
 * @see https://api.count.ly/reference/rest-api-reference
 */
export function newSendRequest(
  config: CountlyConfig,
  context: SourceContext,
  login: KeyLocation,
): SendRequest {
  const { api_key } = config;
  const client = newCountlyClient(config, context, login);
  const hide = newValueRedactor([api_key]);
  return async ({ path, params = {}, encoding = "escaped" }) => {
    const accept = (body: Body): CountlyResponse =>
      decode(body.withText(hide(body.text)), encoding);
    const { value } =
      login === "url"
        ? await client.request({ method: "GET", path, query: { ...params, api_key }, accept })
        : await client.request({
            method: "POST",
            path,
            form: login === "form" ? { ...params, api_key } : params,
            accept,
          });
    return value;
  };
}

/** The server, without the key. */
export function anonymousClient(config: CountlyConfig, context: SourceContext): Client {
  return newCountlyClient(config, context, "form");
}

function newCountlyClient(
  config: CountlyConfig,
  context: SourceContext,
  login: KeyLocation,
): Client {
  const { api_key, base_url, request_timeout_seconds } = config;
  return newClient({
    ...context,
    baseUrl: base_url,
    headers: login === "token" ? { "countly-token": api_key } : {},
    secrets: [api_key],
    requestTimeoutMs: request_timeout_seconds * 1000,
    silenceTimeoutMs: request_timeout_seconds * 1000,
    retryAttempts: config.retry_attempts,
    concurrency: config.concurrency,
    remedies: {
      401: "check countly.api_key, and what it may read",
      403: "check whether the app is locked, and what countly.api_key may read",
      404: "check countly.base_url",
    },
    mustChange: ({ status }) => status === 404,
  });
}

function decode(sent: Body, spelling: ResponseEncoding): CountlyResponse {
  const value = parseJson(sent.text);
  if (spelling === "plain") return { body: sent, value };
  const text = spelling === "escaped" ? unescapeEntities(sent.text) : unwrapEjson(sent.text);
  const body = sent.withText(text);
  return { body, value: body === sent ? value : parseJson(text) };
}
