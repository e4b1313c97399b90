import { z } from "zod";
import type { CountlyApp } from "../../src/emulators/countly/app.ts";
import { demoWorkspace as countlyWorkspace } from "../../src/emulators/countly/demo-workspace.ts";
import { demoWorkspace as opikWorkspace } from "../../src/emulators/opik/demo-workspace.ts";
import type { RawJson } from "../../src/emulators/raw-json.ts";
import { WandbClock } from "../../src/emulators/wandb/clock.ts";
import { WandbWorkspace } from "../../src/emulators/wandb/workspace.ts";
import { startCountly } from "../support/countly.ts";
import { failTimes, failing } from "../support/faults.ts";
import { startOpik } from "../support/opik.ts";
import { startWandb } from "../support/wandb.ts";
import { countlyClient } from "./countly/client.ts";
import { graphqlClient, vision } from "./wandb/graphql-client.ts";

/** An emulator, as the contract tests see it: one kind of row, and how to read it. */
export interface EmulatorSubject {
  readonly name: string;
  /** Starts an empty emulator. With `failFirst` its first request is intercepted and gets a 503. */
  readonly start: (options?: { readonly failFirst?: boolean }) => Promise<RunningSubject>;
  readonly defaultPageSize: number;
  readonly newestFirst: boolean;
  /** Status and body for a path that does not exist. */
  readonly unknownPath: readonly [number, unknown];
  /** Status and body of a list for a wrong key. */
  readonly wrongKey: readonly [number, unknown];
  /** The body of a rejected request, and headers of an accepted and a rejected one. */
  readonly rateLimit: {
    readonly body: unknown;
    readonly accepted: Readonly<Record<string, string | null>>;
    readonly rejected: Readonly<Record<string, string | null>>;
  };
  /** All data of a workspace that is generated from a seed. */
  readonly contents: (seed: number) => Promise<string> | string;
}

/** A running emulator. */
export interface RunningSubject extends AsyncDisposable {
  readonly url: string;
  readonly requests: readonly unknown[];
  readonly faults: {
    latencyMs?: number;
    pageSizeCap?: number;
    rateLimit?: { readonly allow: number; readonly refuse: number; readonly resetSeconds?: number };
  };
  /** Adds a row, one member of which may be raw JSON, and returns its id. */
  add(raw?: RawJson): string;
  remove(id: string): void;
  /** Requests the first page of rows, with the right key unless another one is given. */
  list(key?: string): Promise<Response>;
  /** The ids in each page, until there is no further page; `size` rows are requested per page. */
  pages(size?: number): Promise<string[][]>;
  /** The JSON in which the raw member of a row is sent. */
  rawText(id: string): Promise<string>;
  requestUnknownPath(): Promise<Response>;
  /** Sends requests, and returns how they should be recorded. */
  sendRequests(): Promise<readonly unknown[]>;
}

const opik: EmulatorSubject = {
  name: "opik",
  defaultPageSize: 10,
  newestFirst: true,
  unknownPath: [404, { code: 404, message: "HTTP 404 Not Found" }],
  wrongKey: [
    200,
    {
      ...{ page: 1, size: 0, total: 0, content: [] },
      sortableBy: ["id", "name", "last_updated_at", "created_at", "last_updated_trace_at"],
    },
  ],
  rateLimit: {
    body: { code: 429, message: "Too Many Requests: workspace rate limit exceeded" },
    accepted: { "ratelimit-reset": null, "opik-workspace-remaining-limit": "0" },
    rejected: { "ratelimit-reset": "7", "retry-after": null },
  },
  contents: (seed) =>
    JSON.stringify(
      opikWorkspace(seed).datasets.flatMap((dataset) =>
        dataset.itemsAt(dataset.versions.length).map(({ text }) => text),
      ),
    ),
  async start({ failFirst = false } = {}) {
    let fails = failFirst;
    const server = await startOpik({
      login: { apiKey: "secret", workspace: "team" },
      intercept(_request, response, next) {
        if (fails) response.writeHead(503).end();
        else next();
        fails = false;
      },
    });
    const { workspace } = server;
    const send = (path: string, options: SendOptions = {}) => {
      const { key = "secret", headers = {}, ...init } = options;
      const login = { authorization: key, "comet-workspace": "team" };
      return fetch(server.url + path, { ...init, headers: { ...login, ...headers } });
    };
    const readPage = async (page: number, size = 0) => {
      const response = await send(
        `/v1/private/projects?page=${page}${size > 0 ? `&size=${size}` : ""}`,
      );
      return opikPage.parse(await response.json());
    };
    return {
      ...server,
      add: (name) => workspace.addProject({ name: name ?? "project" }).id,
      remove: (id) => {
        workspace.deleteProject(id);
      },
      list: (key) => send("/v1/private/projects", key === undefined ? {} : { key }),
      async pages(size) {
        const pages: string[][] = [];
        for (let page = 1; ; page += 1) {
          const { content, total } = await readPage(page, size);
          pages.push(content.map(({ id }) => id));
          if (pages.flat().length >= total || content.length === 0) return pages;
        }
      },
      rawText: async () => (await send("/v1/private/projects")).text(),
      requestUnknownPath: () => send("/v1/private/alerts"),
      async sendRequests() {
        const body = '{"dataset_name":"d"}';
        await send("/api/v1/private/projects?size=5", { headers: { "user-agent": "me" } });
        await send("/v1/private/datasets/items/stream", { method: "POST", body });
        const query = { size: "5" };
        return [
          {
            ...{ method: "GET", path: "/v1/private/projects", query },
            headers: { "user-agent": "me" },
          },
          { method: "POST", path: "/v1/private/datasets/items/stream", body },
        ];
      },
    };
  },
};

interface SendOptions {
  readonly key?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

const opikPage = z.object({
  total: z.number(),
  content: z.array(z.object({ id: z.string() })),
});

const wandb: EmulatorSubject = {
  name: "wandb",
  defaultPageSize: 50,
  newestFirst: true,
  unknownPath: [404, { error: "not found" }],
  wrongKey: [200, { data: { project: null } }],
  rateLimit: {
    body: { error: "rate limit exceeded" },
    accepted: { "ratelimit-remaining": "0", "retry-after": null },
    rejected: {
      ...{ "ratelimit-limit": "1", "ratelimit-remaining": "0", "ratelimit-reset": "7" },
      "retry-after": null,
    },
  },
  async contents(seed) {
    const workspace = new WandbWorkspace({ clock: new WandbClock({ seed }) });
    workspace.addProject({ name: "vision" }).addRun().log({ loss: 1 });
    await using server = await startWandb({ workspace });
    const query = `{ ${vision} { runs { edges { node { id name createdAt history(samples: 1) } } } } }`;
    return await (await graphqlClient(server).post(query)).text();
  },
  async start({ failFirst = false } = {}) {
    const server = await startWandb({
      intercept: (service) => failTimes(failFirst ? 1 : 0, failing(503), service),
    });
    const project = server.workspace.addProject({ name: "vision" });
    const client = graphqlClient(server);
    return {
      ...server,
      get requests() {
        return server.requests;
      },
      add: (summary) => project.addRun(summary && { summary }).name,
      remove: (id) => {
        project.deleteRun(id);
      },
      list(key = server.apiKey) {
        const query = `{ ${vision} { runs { edges { node { name } } } } }`;
        return graphqlClient({ ...server, apiKey: key }).post(query);
      },
      pages: (size) => client.readRunNames(size === undefined ? {} : { first: size }),
      rawText: async (id) =>
        String((await client.runFields(id, "summaryMetrics"))["summaryMetrics"]),
      requestUnknownPath: () => fetch(`${server.url}/graphql/v2`, { method: "POST" }),
      async sendRequests() {
        const query = "query Who($n: Int) { models(first: $n) { totalCount } }";
        await client.post(query, { headers: { "user-agent": "me" }, variables: { n: 3 } });
        await fetch(`${server.url}/somewhere?x=1`);
        return [
          {
            ...{ method: "POST", query, operation: "Who", variables: { n: 3 } },
            headers: { "user-agent": "me" },
          },
          { method: "GET", url: { pathname: "/somewhere", search: "?x=1" } },
        ];
      },
    };
  },
};

const countly: EmulatorSubject = {
  name: "countly",
  defaultPageSize: 20,
  newestFirst: false,
  unknownPath: [400, { result: "Invalid path" }],
  wrongKey: [401, { result: "User does not exist" }],
  rateLimit: {
    body: { result: "Too Many Requests" },
    accepted: { "retry-after": null },
    rejected: { "retry-after": null },
  },
  contents: (seed) =>
    JSON.stringify(countlyWorkspace(seed).apps.map(({ users }) => [...users.rows()])),
  async start({ failFirst = false } = {}) {
    const server = await startCountly({
      intercept: (service) => failTimes(failFirst ? 1 : 0, failing(503), service),
    });
    const client = countlyClient(server);
    const app: CountlyApp = server.workspace.addApp();
    const collection = { dbs: "countly", collection: `app_users${app.id}` };
    return {
      ...server,
      get requests() {
        return server.requests;
      },
      add: (custom) => app.addUser(custom && { custom })._id,
      remove: (id) => {
        app.deleteUser(id);
      },
      list: (key) =>
        client.post("/o/db", { ...collection, ...(key !== undefined && { api_key: key }) }),
      async pages(size) {
        const pages: string[][] = [];
        for (;;) {
          const limit = size === undefined ? {} : { limit: String(size) };
          const skip = String(pages.flat().length);
          const { collections, total } = await client.viewed(app, { ...limit, skip });
          pages.push(collections.map(({ _id }) => String(_id)));
          if (pages.flat().length >= total || collections.length === 0) return pages;
        }
      },
      rawText: () => client.text("/o/db", collection),
      requestUnknownPath: () => client.post("/o/nowhere"),
      async sendRequests() {
        await client.post("/o/apps/mine?x=1", { y: "2" });
        const params = { x: "1", y: "2", api_key: server.apiKey };
        return [{ method: "POST", params, url: { search: "?x=1" } }];
      },
    };
  },
};

/** All emulators, by the name of their source. */
export const subjects: readonly EmulatorSubject[] = [opik, wandb, countly];
