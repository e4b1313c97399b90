import type { ServerResponse } from "node:http";
import { setTimeout } from "node:timers/promises";
import { z } from "zod";
import { listen, withBody, type ServerRequest } from "../../src/emulators/http-server.ts";
import { seededRandom } from "../../src/emulators/random.ts";
import { graphqlErrors } from "../../src/emulators/wandb/response.ts";
import type { WandbBackend } from "../../src/emulators/wandb/backend.ts";
import { parseGraphqlRequest } from "../../src/emulators/wandb/graphql.ts";
import { wandbService } from "../../src/emulators/wandb/service.ts";
import { WandbWorkspace } from "../../src/emulators/wandb/workspace.ts";
import { WandbHistories } from "../services/wandb-histories.ts";
import { WandbListing } from "../services/wandb-listing.ts";
import { addRuns, responseStart } from "../services/wandb-runs.ts";
import { readWorkerOptions } from "../worker.ts";

/**
 * A W&B service in a process of its own. The histories of several runs and pages of all runs are answered from what was serialised
 * before anybody asks, and everything else by the stand-in, with the same runs.
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
const call: WandbBackend = {
  workspace,
  faults: latencyMs > 0 ? { latencyMs } : {},
  counters: { runs: 0, historyRows: 0, refused: 0, maxInFlight: 0 },
  random: seededRandom(1),
};
const runs = addRuns(workspace.addProject({ name: project }), shape, call);
const histories = new WandbHistories(runs, responseStart(call));
const listing = new WandbListing(runs, responseStart(call));
const service = wandbService(call, apiKey);
const credentials = `Basic ${Buffer.from(`api:${apiKey}`).toString("base64")}`;
let requests = 0;

const server = await listen(
  withBody(async (request, response) => {
    if (request.url.pathname === "/requests") {
      response.end(JSON.stringify(requests));
      return;
    }
    requests += 1;
    const answer = serialised(request);
    if (!answer) {
      await service(request, response);
      return;
    }
    if (latencyMs > 0) await setTimeout(latencyMs);
    send(response, answer);
  }),
);
process.stdout.write(`${server.url}\n`);

interface Parts {
  readonly status: number;
  readonly parts: readonly Buffer[];
}

/** Undefined where the stand-in has to answer. A refusal ends the program that is measured, so that it comes to no figure. */
function serialised({ headers, body: text }: ServerRequest): Parts | undefined {
  const body = parseGraphqlRequest(text);
  const { entity, project: name } = body?.variables ?? {};
  if (!body || entity !== workspace.entity || name !== project) return undefined;
  if (headers.authorization !== credentials) return undefined;
  try {
    const parts = histories.respond(body) ?? listing.respond(body);
    return parts && { status: 200, parts };
  } catch (error) {
    const refusal = graphqlErrors(400, `the benchmark's server: ${String(error)}`);
    return { status: refusal.status, parts: [Buffer.from(refusal.text)] };
  }
}

function send(response: ServerResponse, { status, parts }: Parts): void {
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": parts.reduce((sum, { length }) => sum + length, 0),
  });
  // All of it in one system call, without a copy.
  response.cork();
  for (const part of parts) response.write(part);
  response.end();
}
