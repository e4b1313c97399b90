import type { ServerResponse } from "node:http";
import { setTimeout } from "node:timers/promises";
import { z } from "zod";
import { listen, type ServerRequest, withBody } from "../../src/emulators/http-server.ts";
import { seededRandom } from "../../src/emulators/random.ts";
import { newCounters, type WandbBackend } from "../../src/emulators/wandb/backend.ts";
import { parseGraphqlRequest } from "../../src/emulators/wandb/graphql-request.ts";
import { graphqlErrors } from "../../src/emulators/wandb/response.ts";
import { wandbService } from "../../src/emulators/wandb/service.ts";
import { WandbWorkspace } from "../../src/emulators/wandb/workspace.ts";
import { WandbHistories } from "../services/wandb-histories.ts";
import { WandbListing } from "../services/wandb-listing.ts";
import { addRuns, responseStart } from "../services/wandb-runs.ts";
import { readWorkerOptions } from "../worker.ts";

/**
 * A W&B server. It answers queries for histories of several runs and for pages of all runs from
 * preserialized text, and everything else as the emulator, with the same runs. `/requests` returns
 * the request count.
 */
const { latencyMs, project, apiKey, ...shape } = readWorkerOptions(
  z.object({
    runs: z.number(),
    steps: z.number(),
    metrics: z.number(),
    latencyMs: z.number(),
    project: z.string(),
    apiKey: z.string(),
  }),
);

const workspace = new WandbWorkspace();
const backend: WandbBackend = {
  workspace,
  faults: latencyMs > 0 ? { latencyMs } : {},
  counters: newCounters(),
  random: seededRandom(1),
};
const runs = addRuns(workspace.addProject({ name: project }), shape, backend);
const histories = new WandbHistories(runs, responseStart(backend));
const listing = new WandbListing(runs, responseStart(backend));
const service = wandbService(backend, apiKey);
const credentials = `Basic ${Buffer.from(`api:${apiKey}`).toString("base64")}`;
let requests = 0;

const server = await listen(
  withBody(async (request, response) => {
    if (request.url.pathname === "/requests") {
      response.end(JSON.stringify(requests));
      return;
    }
    requests += 1;
    const prepared = preserialized(request);
    if (!prepared) {
      await service(request, response);
      return;
    }
    if (latencyMs > 0) await setTimeout(latencyMs);
    send(response, prepared);
  }),
);
process.stdout.write(`${server.url}\n`);

interface PreparedResponse {
  readonly status: number;
  readonly chunks: readonly Buffer[];
}

/**
 * Undefined if the emulator has to answer. An error fails the measured program, so that there is no
 * wrong figure.
 */
function preserialized({ headers, body: text }: ServerRequest): PreparedResponse | undefined {
  const body = parseGraphqlRequest(text);
  const { entity, project: name } = body?.variables ?? {};
  if (!body || entity !== workspace.entity || name !== project) return undefined;
  if (headers.authorization !== credentials) return undefined;
  try {
    const chunks = histories.respond(body) ?? listing.respond(body);
    return chunks && { status: 200, chunks };
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
