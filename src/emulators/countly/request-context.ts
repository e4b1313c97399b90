import type { ServerRequest } from "../http-server.ts";
import type { CountlyFaults } from "./faults.ts";
import type { Tasks } from "./tasks.ts";
import type { CountlyWorkspace } from "./workspace.ts";

/**
 * The kind of server: Countly Community, Countly Enterprise, or a gateway in the shape that the
 * original connector expected (`/o/apps/all`, `/o/groups` and `/o/users/all` with `{"data":[…]}`).
 */
export type Edition = "community" | "enterprise" | "original";

/** Request parameters by name. */
export type Params = Readonly<Record<string, string>>;

/** A request that the emulator received. */
export interface RecordedRequest extends ServerRequest {
  /** From the URL and the form; the form takes precedence. */
  readonly params: Params;
}

/** A request and the server that received it. */
export interface RequestContext {
  readonly workspace: CountlyWorkspace;
  readonly edition: Edition;
  readonly faults: CountlyFaults;
  readonly tasks: Tasks;
  readonly request: ServerRequest;
  /** Without a trailing slash. */
  readonly path: string;
  readonly params: Params;
}

/** The parameters of a request, from the URL and the form; the form takes precedence. */
export function readParams({ url, headers, body }: ServerRequest): Params {
  const isForm = /^application\/x-www-form-urlencoded\b/.test(headers["content-type"] ?? "");
  const form = isForm ? new URLSearchParams(body) : [];
  return Object.fromEntries([...url.searchParams, ...form]);
}
