import type { RecordedRequest, Edition } from "../../src/emulators/countly/request-context.ts";
import { readParams } from "../../src/emulators/countly/request-context.ts";
import { countlyService } from "../../src/emulators/countly/service.ts";
import type { CountlyFaults } from "../../src/emulators/countly/faults.ts";
import { CountlyWorkspace } from "../../src/emulators/countly/workspace.ts";
import { startServer } from "./http-server.ts";
import type { RequestHandler } from "../../src/emulators/http-server.ts";

export interface Countly extends AsyncDisposable {
  /** Without a slash at its end. */
  readonly url: string;
  /** The key of `workspace.admin`. */
  readonly apiKey: string;
  readonly workspace: CountlyWorkspace;
  readonly traps: CountlyFaults;
  /** Every request so far, oldest first. */
  readonly requests: readonly RecordedRequest[];
}

export interface StartOptions {
  readonly workspace?: CountlyWorkspace;
  /** What the server is (default: `community`). */
  readonly edition?: Edition;
  readonly traps?: CountlyFaults;
  /** Comes before the service: what it passes on, the service answers. */
  readonly intercept?: (service: RequestHandler) => RequestHandler;
}

/** A stand-in for a Countly server on a free port, empty unless there is a `workspace`. */
export async function startCountly(options: StartOptions = {}): Promise<Countly> {
  const { workspace = new CountlyWorkspace(), edition = "community", traps = {} } = options;
  const service = countlyService({ workspace, edition, faults: traps });
  const server = await startServer(options.intercept?.(service) ?? service);
  return {
    url: server.url,
    get apiKey() {
      return workspace.admin.apiKey;
    },
    workspace,
    traps,
    get requests() {
      return server.requests.map((request) => ({ ...request, params: readParams(request) }));
    },
    [Symbol.asyncDispose]: () => server.close(),
  };
}
