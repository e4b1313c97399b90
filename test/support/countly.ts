import { afterEach } from "vitest";
import type { CountlyFaults } from "../../src/emulators/countly/faults.ts";
import type { Edition, RecordedRequest } from "../../src/emulators/countly/request-context.ts";
import { readParams } from "../../src/emulators/countly/request-context.ts";
import { countlyService } from "../../src/emulators/countly/service.ts";
import { CountlyWorkspace } from "../../src/emulators/countly/workspace.ts";
import type { RequestHandler } from "../../src/emulators/http-server.ts";
import { startServer } from "./http-server.ts";

/** A running emulator of a Countly server. */
export interface Countly extends AsyncDisposable {
  /** Without a trailing slash. */
  readonly url: string;
  /** The key of `workspace.admin`. */
  readonly apiKey: string;
  readonly workspace: CountlyWorkspace;
  readonly faults: CountlyFaults;
  /** Every request so far, oldest first. */
  readonly requests: readonly RecordedRequest[];
}

/** How to start the emulator. */
export interface StartOptions {
  readonly workspace?: CountlyWorkspace;
  /** Default: `community`. */
  readonly edition?: Edition;
  readonly faults?: CountlyFaults;
  /** Wraps the service, and may handle requests in its place. */
  readonly intercept?: (service: RequestHandler) => RequestHandler;
}

/** Starts an emulator of Countly on a free port; empty without a `workspace`. */
export async function startCountly(options: StartOptions = {}): Promise<Countly> {
  const { workspace = new CountlyWorkspace(), edition = "community", faults = {} } = options;
  const service = countlyService({ workspace, edition, faults });
  const server = await startServer(options.intercept?.(service) ?? service);
  return {
    url: server.url,
    get apiKey() {
      return workspace.admin.apiKey;
    },
    workspace,
    faults,
    get requests() {
      return server.requests.map((request) => ({ ...request, params: readParams(request) }));
    },
    [Symbol.asyncDispose]: () => server.close(),
  };
}

/** Returns a function that starts emulators, which end after the test. */
export function useCountlyServers(): (options?: StartOptions) => Promise<Countly> {
  const opened: Countly[] = [];
  afterEach(async () => {
    for (const countly of opened.splice(0)) await countly[Symbol.asyncDispose]();
  });
  return async (options = {}) => {
    const countly = await startCountly(options);
    opened.push(countly);
    return countly;
  };
}

/** Sets the server's clock an hour behind ours. */
export function setClockBehind({ workspace: { clock } }: Countly): void {
  clock.advance(Date.now() - 3_600_000 - clock.nowMs);
}
