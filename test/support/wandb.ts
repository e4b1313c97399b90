import type { RequestHandler, ServerRequest } from "../../src/emulators/http-server.ts";
import { startServer } from "./http-server.ts";
import type { WandbCounters } from "../../src/emulators/wandb/backend.ts";
import { parseGraphqlRequest } from "../../src/emulators/wandb/graphql.ts";
import { wandbService } from "../../src/emulators/wandb/service.ts";
import type { WandbFaults } from "../../src/emulators/wandb/faults.ts";
import { WandbWorkspace } from "../../src/emulators/wandb/workspace.ts";
import { seededRandom } from "../../src/emulators/random.ts";

/** A request that the emulator received. */
interface WandbRequest extends ServerRequest {
  /** For a GraphQL request: its query, its variables and the name of its operation. */
  readonly query?: string;
  readonly variables?: Readonly<Record<string, unknown>>;
  readonly operation?: string | undefined;
}

/** A running W&B emulator. */
export interface Wandb extends AsyncDisposable {
  /** Without a trailing slash. */
  readonly url: string;
  readonly apiKey: string;
  readonly workspace: WandbWorkspace;
  readonly faults: WandbFaults;
  /** Every request so far, oldest first. */
  readonly requests: readonly WandbRequest[];
  readonly counters: Readonly<WandbCounters>;
}

/** The official SDK refuses keys of less than 40 characters. */
const defaultKey = "local-key-that-is-as-long-as-the-sdk-wants";

/** How to start the emulator. */
export interface StartOptions {
  readonly workspace?: WandbWorkspace;
  readonly faults?: WandbFaults;
  readonly apiKey?: string;
  /** Wraps the service's request handler. */
  readonly intercept?: (service: RequestHandler) => RequestHandler;
}

/** Starts a W&B emulator on a free port, empty unless there is a `workspace`. */
export async function startWandb(options: StartOptions = {}): Promise<Wandb> {
  const { workspace = new WandbWorkspace(), faults = {}, apiKey = defaultKey } = options;
  const counters: WandbCounters = { runs: 0, historyRows: 0, refused: 0, maxInFlight: 0 };
  const service = wandbService({ workspace, faults, counters, random: seededRandom(1) }, apiKey);
  const server = await startServer(options.intercept?.(service) ?? service);
  return {
    url: server.url,
    apiKey,
    workspace,
    faults,
    counters,
    get requests() {
      return server.requests.map(parseRequest);
    },
    [Symbol.asyncDispose]: () => server.close(),
  };
}

function parseRequest(request: ServerRequest): WandbRequest {
  const body = parseGraphqlRequest(request.body);
  if (!body) return request;
  const { query, variables, operationName } = body;
  const operation = operationName ?? /^\s*query\s+(\w+)/.exec(query)?.[1];
  return { ...request, query, variables: variables ?? {}, operation };
}
