import { withCallerMessage } from "../core/caller-message.ts";
import { ConfigError } from "../core/errors.ts";
import type { Body } from "./body.ts";
import { parseJson } from "./json-body.ts";
import { Sender } from "./sender.ts";
import type { Answer, GetOptions, PostOptions, Request } from "./request.ts";
import { settingsOf, type ClientOptions } from "./client-options.ts";

/**
 * One service over HTTP. Paths are relative to the base URL; an absolute URL must be on the same
 * host.
 *
 * Temporary failures are retried, those of a POST too, because rivulet only reads. Requests throw a
 * ConfigError (401, 403, certificates), a TransientError (network, 408, 425, 429, 5xx except 501,
 * truncated or invalid responses), a SourceError (other statuses, responses that are too large,
 * redirects to another host), or the reason of the signal as it is.
 */
export interface Client {
  readonly baseUrl: string;
  request<Value>(request: Request<Value>): Promise<Answer<Value>>;
  /** Returns the body as text. */
  get(path: string, options?: GetOptions): Promise<Answer<string>>;
  /** Returns the body as text. */
  post(path: string, options?: PostOptions): Promise<Answer<string>>;
  /**
   * Returns the parsed body; a body that is not JSON is retried. No number is rounded: an integer
   * that a number cannot hold is a bigint, any other such number an ExactNumber.
   */
  getJson(path: string, options?: GetOptions): Promise<Answer<unknown>>;
  /** The same for a POST. */
  postJson(path: string, options?: PostOptions): Promise<Answer<unknown>>;
}

/** A client for one service, with kept-alive connections, retries and a throttle. */
export function newClient(options: ClientOptions): Client {
  const { baseUrl } = options;
  checkHeaders({ ...options.publicHeaders, ...options.headers });
  const sender = new Sender(settingsOf(options));
  const send = <Value>(request: Request<Value>): Promise<Answer<Value>> => sender.send(request);
  const asText = ({ text }: Body): string => text;
  const asJson = ({ text }: Body): unknown => parseJson(text);
  return {
    baseUrl,
    request: send,
    get: (path, options) => send({ method: "GET", path, accept: asText, ...options }),
    post: (path, options) => send({ method: "POST", path, accept: asText, ...options }),
    getJson: (path, options) => send({ method: "GET", path, accept: asJson, ...options }),
    postJson: (path, options) => send({ method: "POST", path, accept: asJson, ...options }),
  };
}

/** HTTP headers carry nothing but ASCII, and dropping characters would change the value. */
function checkHeaders(headers: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(headers)) {
    if (/^[\x20-\x7e]*$/.test(value)) continue;
    throw withCallerMessage(
      new ConfigError(
        `header "${name}": expected ASCII characters only; check the setting it comes from`,
      ),
    );
  }
}
