import { withCallerMessage } from "../../../core/caller-message.ts";
import { AsyncMemo } from "../../../core/async-memo.ts";
import { ConfigError } from "../../../core/errors.ts";
import type { SourceContext } from "../../../core/source.ts";
import type { SavedList } from "../../../engine/listing/saved-list.ts";
import { GraphqlClient } from "../../../http/graphql.ts";
import { statusOf } from "../../../http/http-error.ts";
import { newWandbClient } from "../connection/client.ts";
import { allProjects, type WandbConfig } from "../connection/config.ts";
import { graphqlProject } from "../graphql/graphql-project.ts";
import { listProjects, projectExists } from "../graphql/project-list.ts";
import type { ProjectReader } from "../reader/project-reader.ts";
import { restProject } from "../rest/rest-project.ts";

/** A project, opened through the API that the service offers. */
interface OpenProject {
  readonly reader: ProjectReader;
  readonly listing: Awaited<ReturnType<ProjectReader["listRuns"]>>;
}

const restCannotListProjects =
  'wandb.projects: REST cannot list projects; name them instead of "*"';

type Api = "graphql" | "rest";

/**
 * Statuses with which a service without GraphQL refuses it. One that checks the login first rejects
 * `Basic` with 401 or 403.
 */
const noGraphqlStatuses = [401, 403, 404, 405, 501];

function isLoginFailure(status: number): boolean {
  return status === 401 || status === 403;
}

/**
 * What one sync knows about the service: which API it offers, the projects, and their readers with
 * all that they have already requested.
 */
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

  /** The names of the projects to copy. Throws a ConfigError if that is `*` and REST is used. */
  projects(): Promise<readonly string[]> {
    const { project, projects } = this.#config;
    if (projects.length === 0) return Promise.resolve(project === undefined ? [] : [project]);
    if (!projects.includes(allProjects)) return Promise.resolve([...new Set(projects)]);
    return this.#projects.get("", () =>
      this.#viaApi({
        graphql: () => listProjects(this.#graphqlClient(), this.#config.entity),
        rest: () => Promise.reject(withCallerMessage(new ConfigError(restCannotListProjects))),
      }),
    );
  }

  /** Whether the entity has a project of this name. */
  projectExists(project: string): Promise<boolean> {
    return projectExists(this.#graphqlClient(), { entity: this.#config.entity, project });
  }

  /** Opens a project and lists its runs, through the API that the service offers. */
  open(project: string, saved: SavedList): Promise<OpenProject> {
    return this.#withReader(project, async (reader) => {
      return { reader, listing: await reader.listRuns(saved) };
    });
  }

  /** Proves that the project can be read. */
  check(project: string): Promise<void> {
    return this.#withReader(project, (reader) => reader.check());
  }

  #withReader<T>(project: string, call: (reader: ProjectReader) => Promise<T>): Promise<T> {
    const callVia = async (api: Api): Promise<T> => await call(this.#reader(api, project));
    return this.#viaApi({ graphql: () => callVia("graphql"), rest: () => callVia("rest") });
  }

  /**
   * Uses the configured API. With `auto`, that is GraphQL, or REST if there is no GraphQL; the
   * first successful call decides for the rest of the sync.
   */
  async #viaApi<T>(byApi: Readonly<Record<Api, () => Promise<T>>>): Promise<T> {
    if (this.#api !== "auto") return await byApi[this.#api]();
    try {
      const result = await byApi.graphql();
      this.#api = "graphql";
      return result;
    } catch (error) {
      const status = statusOf(error) ?? 0;
      if (!noGraphqlStatuses.includes(status)) throw error;
      const result = await byApi.rest().catch((restError: unknown) => {
        throw isLoginFailure(status) ? error : restError;
      });
      this.#api = "rest";
      this.#context.log.info(`no GraphQL at ${this.#config.base_url}; using REST`);
      return result;
    }
  }

  #reader(api: Api, project: string): ProjectReader {
    const key = `${api} ${project}`;
    const options = { config: this.#config, project };
    const reader =
      this.#readers.get(key) ??
      (api === "graphql"
        ? graphqlProject({ ...options, graphql: this.#graphqlClient() })
        : restProject({
            ...options,
            client: newWandbClient(this.#config, this.#context, "Bearer"),
          }));
    this.#readers.set(key, reader);
    return reader;
  }

  #graphqlClient(): GraphqlClient {
    const { log } = this.#context;
    this.#graphql ??= new GraphqlClient(newWandbClient(this.#config, this.#context, "Basic"), log);
    return this.#graphql;
  }
}
