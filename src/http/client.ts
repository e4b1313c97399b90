import { ConfigError } from "../core/errors.ts";
import type { Body } from "./body.ts";
import { parseJson } from "./json-body.ts";
import { Sender } from "./sender.ts";
import { urlOf } from "./url.ts";
import type { Answer, GetOptions, PostOptions, Request } from "./request.ts";
import { settingsOf, type ClientOptions } from "./client-options.ts";

/**
 * One service over HTTP. A path is relative to the base URL; an absolute URL must lead to the same host.
 *
 * Failures that pass are retried, a POST's too, because rivulet only reads. What is left throws a ConfigError (401, 403,
 * certificates), a TransientError (network, 408, 425, 429, 5xx but 501, answers that break off or make no sense) or a SourceError (other
 * statuses, answers that are too large, redirects to another host); `failure.ts` says more about each. Or the reason of
 * the signal, as it is.
 */
export interface Client {
  readonly baseUrl: string;
  request<Value>(request: Request<Value>): Promise<Answer<Value>>;
  /** The body as text, whatever it is. */
  get(path: string, options?: GetOptions): Promise<Answer<string>>;
  post(path: string, options?: PostOptions): Promise<Answer<string>>;
  /** What `JSON.parse` makes of the body; anything that it does not accept is retried. */
  getJson(path: string, options?: GetOptions): Promise<Answer<unknown>>;
  postJson(path: string, options?: PostOptions): Promise<Answer<unknown>>;
}

/** A client for one service: it keeps connections, retries, and never asks faster than the service can answer. */
export function newClient(options: ClientOptions): Client {
  const { baseUrl } = options;
  checkHeaders(options.headers ?? {});
  const sender = new Sender(settingsOf(options));
  const request = async <Value>(wanted: Request<Value>): Promise<Answer<Value>> =>
    sender.send(wanted, urlOf(baseUrl, wanted.path, wanted.query));
  const asText = ({ text }: Body): string => text;
  const asJson = ({ text }: Body): unknown => parseJson(text);
  return {
    baseUrl,
    request,
    get: (path, options) => request({ method: "GET", path, accept: asText, ...options }),
    post: (path, options) => request({ method: "POST", path, accept: asText, ...options }),
    getJson: (path, options) => request({ method: "GET", path, accept: asJson, ...options }),
    postJson: (path, options) => request({ method: "POST", path, accept: asJson, ...options }),
  };
}

/** HTTP carries no other characters, and leaving them out would ask for something else. */
function checkHeaders(headers: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(headers)) {
    if (/^[\x20-\x7e]*$/.test(value)) continue;
    throw new ConfigError(
      `header "${name}": expected ASCII characters only; check what goes into it`,
    );
  }
}
