import type { RequestHandler, ServerRequest } from "../../src/emulators/http-server.ts";
import { startServer } from "./http-server.ts";
import { newCounters, type WandbCounters } from "../../src/emulators/wandb/backend.ts";
import { operationName, parseGraphqlRequest } from "../../src/emulators/wandb/graphql-request.ts";
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

/** The official SDK refuses keys of less than 40 characters (after the first dash). */
const defaultKey = `local_key_${"0123456789".repeat(4)}`;

/** How to start the emulator. */
export interface StartOptions {
  readonly workspace?: WandbWorkspace;
  readonly faults?: WandbFaults;
  readonly apiKey?: string;
  /** Selects the samples and the random orders (default 1). */
  readonly seed?: number;
  /** Wraps the service's request handler. */
  readonly intercept?: (service: RequestHandler) => RequestHandler;
}

/** Starts a W&B emulator on a free port, empty unless there is a `workspace`. */
export async function startWandb(options: StartOptions = {}): Promise<Wandb> {
  const { workspace = new WandbWorkspace(), faults = {}, apiKey = defaultKey } = options;
  const counters = newCounters();
  const random = seededRandom(options.seed ?? 1);
  const service = wandbService({ workspace, faults, counters, random }, apiKey);
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
  const { query, variables } = body;
  const operation = operationName(body) || undefined;
  return { ...request, query, variables: variables ?? {}, operation };
}
