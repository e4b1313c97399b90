import { Agent } from "node:http";
import axios from "axios";
import { z } from "zod";
import { wandbAccess } from "../services/wandb.ts";
import { readWorkerOptions } from "../worker.ts";

const runsPerPage = 50;
const stepsPerPage = 1000;

/**
 * Reads the first runs of a project with one request at a time, as W&B's own client does: a page of
 * runs, then for each run its last step and its history in pages of 1,000 steps. Stores nothing.
 */
const { url, runs: maxRuns } = readWorkerOptions(z.object({ url: z.string(), runs: z.number() }));
const { entity, project, apiKey } = wandbAccess;
const client = axios.create({
  baseURL: url,
  auth: { username: "api", password: apiKey },
  httpAgent: new Agent({ keepAlive: true }),
});

const names = z.array(z.object({ node: z.object({ name: z.string() }) }));
const runsPage = z.object({
  runs: z.object({
    edges: names,
    pageInfo: z.object({ endCursor: z.string().nullable(), hasNextPage: z.boolean() }),
  }),
});
const lastStep = z.object({ run: z.object({ historyKeys: z.object({ lastStep: z.number() }) }) });
const history = z.object({ run: z.object({ history: z.array(z.string()) }) });

const start = performance.now();
let runsRead = 0;
let requests = 0;
let values = 0;
let cursor: string | null = null;
do {
  const { runs }: z.output<typeof runsPage> = await query(
    "runs(first:$first,after:$after,order:$order){edges{node{name}} pageInfo{endCursor hasNextPage}}",
    { types: "$first:Int,$after:String,$order:String", shape: runsPage },
    { first: runsPerPage, after: cursor, order: "+created_at" },
  );
  for (const { node } of runs.edges.slice(0, maxRuns - runsRead)) await readRun(node.name);
  cursor = runs.pageInfo.hasNextPage && runsRead < maxRuns ? runs.pageInfo.endCursor : null;
} while (cursor !== null);
const seconds = (performance.now() - start) / 1000;
process.stdout.write(`${JSON.stringify({ runs: runsRead, requests, values, seconds })}\n`);

async function readRun(name: string): Promise<void> {
  runsRead += 1;
  const types = "$name:String!";
  const { run } = await query("run(name:$name){historyKeys}", { types, shape: lastStep }, { name });
  for (let step = 0; step <= run.historyKeys.lastStep; step += stepsPerPage) {
    const page = await query(
      "run(name:$name){history(minStep:$from,maxStep:$to,samples:$size)}",
      { types: `${types},$from:Int64,$to:Int64,$size:Int`, shape: history },
      { name, from: step, to: step + stepsPerPage, size: stepsPerPage },
    );
    for (const line of page.run.history)
      values += Object.keys(z.object().parse(JSON.parse(line))).length;
  }
}

async function query<T>(
  selection: string,
  { types, shape }: { readonly types: string; readonly shape: z.ZodType<T> },
  variables: Readonly<Record<string, unknown>>,
): Promise<T> {
  requests += 1;
  const text = `query Read($entity:String!,$project:String!,${types}){project(name:$project,entityName:$entity){${selection}}}`;
  const { data } = await client.post<unknown>("/graphql", {
    query: text,
    variables: { entity, project, ...variables },
  });
  return z.object({ data: z.object({ project: shape }) }).parse(data).data.project;
}
