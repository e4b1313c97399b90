import type { SourceContext } from "../../../core/source.ts";
import { newHide } from "../../../core/redact.ts";
import type { Body } from "../../../http/body.ts";
import { newClient, type Client } from "../../../http/client.ts";
import { parseJson } from "../../../http/json-body.ts";
import type { Query } from "../../../http/url.ts";
import type { CountlyConfig } from "./config.ts";
import { withoutWrappers } from "./ejson.ts";
import { withoutEntities } from "./html-entities.ts";

/**
 * How the key travels: in the form of a POST, which no server writes into its log; as a token in the header `countly-token`; or in
 * the URL, for servers that look nowhere else.
 */
export type Login = "form" | "token" | "url";

/** How an answer spells what JSON alone would not: names and strings with HTML entities, values with EJSON's wrappers, or nothing of it. */
export type Spelling = "escaped" | "ejson" | "plain";

export interface Question {
  readonly path: string;
  readonly params?: Query;
  /** Default: `escaped`. */
  readonly spelling?: Spelling;
}

/** What the server answered: JSON, as if it had spelled it plainly, and the key is not in it. */
export interface Told {
  readonly body: Body;
  readonly value: unknown;
}

/** Asks the server. */
export type Ask = (question: Question) => Promise<Told>;

/**
 * A way to ask a Countly server, with the key where it looks for it.
 *
 * @see https://api.count.ly/reference/rest-api-reference
 */
export function newAsk(config: CountlyConfig, context: SourceContext, login: Login): Ask {
  const { api_key } = config;
  const client = clientOf(config, context, login);
  const hide = newHide([api_key]);
  return async ({ path, params = {}, spelling = "escaped" }) => {
    const accept = (body: Body): Told => undone(body.spelled(hide(body.text)), spelling);
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
export function newStranger(config: CountlyConfig, context: SourceContext): Client {
  return clientOf(config, context, "form");
}

function clientOf(config: CountlyConfig, context: SourceContext, login: Login): Client {
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

function undone(sent: Body, spelling: Spelling): Told {
  const value = parseJson(sent.text);
  if (spelling === "plain") return { body: sent, value };
  const text = spelling === "escaped" ? withoutEntities(sent.text) : withoutWrappers(sent.text);
  const body = sent.spelled(text);
  return { body, value: body === sent ? value : parseJson(text) };
}
