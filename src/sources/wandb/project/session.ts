import { ConfigError } from "../../../core/errors.ts";
import { AsyncMemo } from "../../../core/async-memo.ts";
import type { SourceContext } from "../../../core/source.ts";
import { statusOf } from "../../../http/http-error.ts";
import { GraphqlClient } from "../../../http/graphql.ts";
import { newWandbClient } from "../connection/client.ts";
import { allProjects, type WandbConfig } from "../connection/config.ts";
import { graphqlReader } from "../graphql/graphql-reader.ts";
import type { DeletionBaseline } from "../reader/deletion-baseline.ts";
import type { RunCounts, ProjectReader } from "../reader/project-reader.ts";
import { restReader } from "../rest/rest-reader.ts";
import { listProjects } from "../graphql/project-list.ts";

/** A project, by the API that the service offers. */
export interface OpenProject {
  readonly reader: ProjectReader;
  readonly runCounts: RunCounts;
}

const projectsNeedNames = 'wandb.projects: REST has no list of them; name them instead of "*"';

type Api = "graphql" | "rest";

/** What a service answers that has no GraphQL; one that looks at the login first does not know this way of sending the key. */
const noGraphqlStatuses = [401, 403, 404, 405, 501];

function isLoginFailure(status: number): boolean {
  return status === 401 || status === 403;
}

/** What one sync knows of the service: which API it offers, its projects, and what was asked of them already. */
export class WandbSession {
  readonly #config: WandbConfig;
  readonly #context: SourceContext;
  readonly #readers = new Map<string, ProjectReader>();
  readonly #projects = new AsyncMemo<readonly string[]>();
  #api: WandbConfig["api"];
  #graphql: GraphqlClient | undefined;

  constructor(config: WandbConfig, context: SourceContext) {
    this.#config = config;
    this.#context = context;
    this.#api = config.api;
  }

  /** The names of the projects to copy. */
  projects(): Promise<readonly string[]> {
    const { project, projects } = this.#config;
    if (projects.length === 0) return Promise.resolve(project === undefined ? [] : [project]);
    if (!projects.includes(allProjects)) return Promise.resolve([...new Set(projects)]);
    return this.#projects.get("", () =>
      this.#through({
        graphql: () => listProjects(this.#asGraphql(), this.#config.entity),
        rest: () => Promise.reject(new ConfigError(projectsNeedNames)),
      }),
    );
  }

  /** A project and how many runs it has. */
  open(project: string, landmark: DeletionBaseline | undefined): Promise<OpenProject> {
    const opened = async (api: Api): Promise<OpenProject> => {
      const reader = this.#reader(api, project);
      return { reader, runCounts: await reader.countRuns(landmark) };
    };
    return this.#through({ graphql: () => opened("graphql"), rest: () => opened("rest") });
  }

  /** Asks through GraphQL, or REST where that is configured, or where there is no GraphQL; for good once that is known. */
  async #through<T>(ask: Readonly<Record<Api, () => Promise<T>>>): Promise<T> {
    if (this.#api !== "auto") return await ask[this.#api]();
    try {
      const answer = await ask.graphql();
      this.#api = "graphql";
      return answer;
    } catch (error) {
      const status = statusOf(error) ?? 0;
      if (!noGraphqlStatuses.includes(status)) throw error;
      const answer = await ask.rest().catch((second: unknown) => {
        throw isLoginFailure(status) ? error : second;
      });
      this.#api = "rest";
      this.#context.log.info(
        `there is no GraphQL at ${this.#config.base_url}; reading through REST`,
      );
      return answer;
    }
  }

  #reader(api: Api, project: string): ProjectReader {
    const key = `${api} ${project}`;
    const options = { config: this.#config, project };
    const reader =
      this.#readers.get(key) ??
      (api === "graphql"
        ? graphqlReader({ ...options, graphql: this.#asGraphql() })
        : restReader({
            ...options,
            client: newWandbClient(this.#config, this.#context, "Bearer"),
          }));
    this.#readers.set(key, reader);
    return reader;
  }

  #asGraphql(): GraphqlClient {
    const { log } = this.#context;
    this.#graphql ??= new GraphqlClient(newWandbClient(this.#config, this.#context, "Basic"), log);
    return this.#graphql;
  }
}
