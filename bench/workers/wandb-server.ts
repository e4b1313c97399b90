import type { ServerResponse } from "node:http";
import { setTimeout } from "node:timers/promises";
import { z } from "zod";
import { listen, type ServerRequest, withBody } from "../../src/emulators/http-server.ts";
import { seededRandom } from "../../src/emulators/random.ts";
import { newCounters, type WandbBackend } from "../../src/emulators/wandb/backend.ts";
import { parseGraphqlRequest } from "../../src/emulators/wandb/graphql-request.ts";
import { graphqlErrors } from "../../src/emulators/wandb/response.ts";
import { userResolvers } from "../../src/emulators/wandb/run-resolvers.ts";
import { WandbWorkspace } from "../../src/emulators/wandb/workspace.ts";
import { WandbResponses } from "../services/wandb-responses.ts";
import { WandbRunList } from "../services/wandb-run-list.ts";
import { addRuns, rename, type SerializedRun, uploadOffline } from "../services/wandb-runs.ts";
import { readWorkerOptions } from "../worker.ts";

/**
 * A W&B server with one project, which answers queries for its runs from preserialized text; any
 * other query fails. `/requests` returns the request count, `/lines` the number of lines sent;
 * `/rename` and `/upload` change the project.
 */
const {
  latencyMs,
  project: name,
  apiKey,
  ...shape
} = readWorkerOptions(
  z.object({
    runs: z.number(),
    steps: z.number(),
    metrics: z.number(),
    latencyMs: z.number(),
    project: z.string(),
    apiKey: z.string(),
  }),
);

/** Later than all runs, which have therefore settled. */
const start = "2026-02-01T00:00:00Z";
const minuteMs = 60_000;

const workspace = new WandbWorkspace();
workspace.clock.set(start);
const backend: WandbBackend = {
  workspace,
  faults: {},
  counters: newCounters(),
  random: seededRandom(1),
};
const project = workspace.addProject({ name });
const serialized = addRuns(project, shape, backend);
const middle = serialized[shape.runs >> 1];
if (!middle) throw new RangeError("a project without runs");
const runs = new WandbRunList(serialized, project, backend);
const viewerId = JSON.stringify(userResolvers(workspace.user, backend).id);
const responses = new WandbResponses({ runs, viewerId });
const credentials = `Basic ${Buffer.from(`api:${apiKey}`).toString("base64")}`;
let requests = 0;

/** What the benchmark itself asks for, by path. */
const controls: Readonly<Record<string, () => number>> = {
  "/requests": () => requests,
  "/lines": () => responses.linesSent,
  "/rename": () => put(rename(middle, backend)),
  "/upload": () => put(uploadOffline(project, { after: middle, steps: shape.steps }, backend)),
};

const server = await listen(
  withBody(async (request, response) => {
    const control = controls[request.url.pathname];
    if (control) {
      response.end(JSON.stringify(control()));
      return;
    }
    requests += 1;
    const prepared = respond(request);
    if (latencyMs > 0) await setTimeout(latencyMs);
    send(response, prepared);
  }),
);
process.stdout.write(`${server.url}\n`);

/** Adds or replaces a run, and lets the change settle. Returns the number of runs. */
function put(run: SerializedRun): number {
  runs.put(run);
  workspace.clock.advance(minuteMs);
  return project.runs.length;
}

interface PreparedResponse {
  readonly status: number;
  readonly chunks: readonly Buffer[];
}

/** An error fails the measured program, so that there is no wrong figure. */
function respond({ headers, body: text }: ServerRequest): PreparedResponse {
  const body = parseGraphqlRequest(text);
  const { entity, project: asked } = body?.variables ?? {};
  try {
    if (!body || entity !== workspace.entity || asked !== name) throw new RangeError(text);
    if (headers.authorization !== credentials) throw new RangeError("unknown key");
    return { status: 200, chunks: responses.respond(body) };
  } catch (error) {
    const failure = graphqlErrors(400, `the benchmark's server: ${String(error)}`);
    return { status: failure.status, chunks: [Buffer.from(failure.text)] };
  }
}

function send(response: ServerResponse, { status, chunks }: PreparedResponse): void {
  response.writeHead(status, {
    "content-type": "application/json",
    date: new Date(workspace.clock.nowMs).toUTCString(),
    "content-length": chunks.reduce((sum, { length }) => sum + length, 0),
  });
  // Sends all chunks in one system call, without copying them.
  response.cork();
  for (const chunk of chunks) response.write(chunk);
  response.end();
}
