import type { ServerRequest } from "../http-server.ts";
import type { Tasks } from "./tasks.ts";
import type { CountlyFaults } from "./faults.ts";
import type { CountlyWorkspace } from "./workspace.ts";

/**
 * What a server is: Countly Community, Countly Enterprise, or a gateway of the shape that the original connector asked for
 * (`/o/apps/all`, `/o/groups` and `/o/users/all` that answer `{"data":[…]}`).
 */
export type Edition = "community" | "enterprise" | "original";

/** Parameters by name. */
export type Params = Readonly<Record<string, string>>;

/** A request that was seen. */
export interface RecordedRequest extends ServerRequest {
  /** Of the URL and of the form, which has precedence. */
  readonly params: Params;
}

/** A request, and the server that it reached. */
export interface RequestContext {
  readonly workspace: CountlyWorkspace;
  readonly edition: Edition;
  readonly faults: CountlyFaults;
  readonly tasks: Tasks;
  readonly request: ServerRequest;
  /** Without a slash at its end. */
  readonly path: string;
  readonly params: Params;
}

/** The parameters of a request, those of a form last. */
export function readParams({ url, headers, body }: ServerRequest): Params {
  const isForm = /^application\/x-www-form-urlencoded\b/.test(headers["content-type"] ?? "");
  const form = isForm ? new URLSearchParams(body) : [];
  return Object.fromEntries([...url.searchParams, ...form]);
}
