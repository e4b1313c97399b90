import { afterEach, beforeEach, expect, test } from "vitest";
import { WandbResponses } from "../../bench/services/wandb-responses.ts";
import { WandbRunList } from "../../bench/services/wandb-run-list.ts";
import { addRuns, rename, uploadOffline } from "../../bench/services/wandb-runs.ts";
import { listen, withBody, type RunningServer } from "../../src/emulators/http-server.ts";
import { seededRandom } from "../../src/emulators/random.ts";
import { newCounters, type WandbBackend } from "../../src/emulators/wandb/backend.ts";
import { GraphqlEngine } from "../../src/emulators/wandb/graphql.ts";
import {
  type GraphqlRequest,
  parseGraphqlRequest,
} from "../../src/emulators/wandb/graphql-request.ts";
import { userResolvers } from "../../src/emulators/wandb/run-resolvers.ts";
import { WandbWorkspace } from "../../src/emulators/wandb/workspace.ts";
import { newSqlite, type TestDatabase } from "../support/databases.ts";
import { syncWandb } from "../support/sync-wandb.ts";

/** A project, as the benchmark's server and the emulator answer for it. */
class ComparedProject {
  readonly #workspace = new WandbWorkspace();
  readonly #backend: WandbBackend = {
    workspace: this.#workspace,
    faults: {},
    counters: newCounters(),
    random: seededRandom(1),
  };
  readonly #project = this.#workspace.addProject({ name: "vision" });
  readonly #runs: WandbRunList;
  readonly #responses: WandbResponses;
  readonly #engine = new GraphqlEngine();
  readonly #first: ReturnType<typeof addRuns>[number];
  /** Operations that both answered alike. */
  readonly compared: string[] = [];
  readonly differences: unknown[] = [];

  constructor(shape: Parameters<typeof addRuns>[1]) {
    this.#workspace.clock.set("2026-02-01T00:00:00Z");
    const runs = addRuns(this.#project, shape, this.#backend);
    const [first] = runs;
    if (!first) throw new RangeError("there are no runs");
    this.#first = first;
    this.#runs = new WandbRunList(runs, this.#project, this.#backend);
    const viewerId = JSON.stringify(userResolvers(this.#workspace.user, this.#backend).id);
    this.#responses = new WandbResponses({ runs: this.#runs, viewerId });
  }

  get linesSent(): number {
    return this.#responses.linesSent;
  }

  change(): void {
    this.#runs.put(rename(this.#first, this.#backend));
    const offline = { after: this.#first, steps: 3 };
    this.#runs.put(uploadOffline(this.#project, offline, this.#backend));
    this.#workspace.clock.advance(60_000);
  }

  async respond(request: GraphqlRequest): Promise<string> {
    const own = Buffer.concat(this.#responses.respond(request)).toString();
    const { text } = await this.#engine.respond(request, this.#backend, true);
    this.compared.push(/\w+\(/.exec(request.query)?.[0] ?? "");
    const [actual, wanted] = [own, text].map((json): unknown => JSON.parse(json));
    if (JSON.stringify(actual) !== JSON.stringify(wanted)) this.differences.push([actual, wanted]);
    return own;
  }
}

let project: ComparedProject;
let server: RunningServer;
let database: TestDatabase;

beforeEach(async () => {
  project = new ComparedProject({ runs: 30, steps: 5, metrics: 2 });
  server = await listen(
    withBody(async ({ body }, response) => {
      const request = parseGraphqlRequest(body);
      response.end(request && (await project.respond(request)));
    }),
  );
  database = await newSqlite();
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  await database.drop();
});

test("the benchmarks' W&B server answers as the emulator does", async () => {
  const target = { url: server.url, apiKey: "key", destination: database.url };
  const settings = { listing_page_size: 7, page_size: 4 };
  const sync = async (): Promise<number> => {
    const before = project.linesSent;
    const { status } = await syncWandb(target, settings);
    expect(status).toBe("completed");
    expect(project.differences).toEqual([]);
    return project.linesSent - before;
  };
  expect(await sync()).toBe(30 * 5);
  project.change();
  expect(await sync()).toBe(3);
  expect(await sync()).toBe(0);
  expect([...new Set(project.compared)].sort()).toEqual(["History(", "Runs("]);
  const rows = await database.query("SELECT count(*) AS count FROM metrics WHERE NOT _deleted");
  expect(rows).toEqual([{ count: 30 * 5 * 2 + 3 }]);
});
