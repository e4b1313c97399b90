import type { GraphqlClient, GraphqlResponse, Select } from "../../../http/graphql.ts";
import { PageSize } from "../../../http/paging/page-size.ts";
import { elements, members } from "../../../json/text-scanner.ts";
import { UnprovenError } from "../../../engine/listing/listing-service.ts";
import type { RunRows } from "../reader/project-reader.ts";
import type { GraphqlRuns } from "./graphql-runs.ts";
import { listedFields, listedShape, toListedRun } from "./listed-run.ts";
import { requireProject, type ProjectPath } from "./project-path.ts";
import { requestRunsByName } from "./runs-by-name.ts";

interface RunRowsOptions extends ProjectPath {
  readonly graphql: GraphqlClient;
  readonly runs: GraphqlRuns;
  /** The fields of each run: those of a listing at least. */
  readonly fields: (select: Select) => string;
  /** Runs per response at most. */
  readonly pageSize: number;
}

/** The rows of a response, and the ids that it was asked for. */
interface RowPage {
  readonly rows: RunRows;
  readonly asked: readonly string[];
}

/**
 * Reads runs by name. What a filter by name does not show is asked for as a single run, so that a
 * filter that does not work loses nothing.
 */
export class RunRowReader {
  readonly #options: RunRowsOptions;
  readonly #size: PageSize;
  #filterWorks = true;

  constructor(options: RunRowsOptions) {
    this.#options = options;
    this.#size = new PageSize(options.pageSize);
  }

  /** Yields those of the runs that still exist. */
  async *read(ids: readonly string[]): AsyncGenerator<RunRows> {
    for (let rest = ids; rest.length > 0;) {
      const { rows, asked } = await this.#filteredPage(rest);
      if (rows.runs.length > 0) yield rows;
      const shown = new Set(rows.runs.map(({ id }) => id));
      yield* this.#readSingly(asked.filter((id) => !shown.has(id)));
      rest = rest.slice(asked.length);
    }
  }

  async *#readSingly(ids: readonly string[]): AsyncGenerator<RunRows> {
    for (let rest = ids; rest.length > 0;) {
      const { rows, asked } = await this.#page(rest, (some) => this.#askSingly(some));
      // It missed a run that exists.
      if (rows.runs.length > 0) this.#filterWorks = false;
      if (rows.runs.length > 0) yield rows;
      rest = rest.slice(asked.length);
    }
  }

  async #filteredPage(ids: readonly string[]): Promise<RowPage> {
    try {
      if (this.#filterWorks) return await this.#page(ids, (some) => this.#askFiltered(some));
    } catch (error) {
      if (!(error instanceof UnprovenError)) throw error;
      this.#filterWorks = false;
    }
    return { rows: { texts: [], runs: [], bytes: 0 }, asked: ids };
  }

  /** Asks for as many of the runs as the service can return at once. */
  async #page(
    ids: readonly string[],
    ask: (ids: readonly string[]) => Promise<RunRows>,
  ): Promise<RowPage> {
    return await this.#size.requestWithSmallerPages(async () => {
      const asked = ids.slice(0, this.#size.rows);
      const rows = await ask(asked);
      return { asked, rows, body: rows };
    });
  }

  async #askFiltered(ids: readonly string[]): Promise<RunRows> {
    const question = { named: ids, first: ids.length };
    const response = await this.#options.runs.request(question, this.#options.fields, this.#size);
    const { runs } = requireProject(response.data, this.#options);
    const nodes = runs.edges.flatMap(({ node }) => node ?? []);
    return toRows(nodes, nodeTexts(response.body.text), response);
  }

  async #askSingly(ids: readonly string[]): Promise<RunRows> {
    const { graphql, entity, project, fields } = this.#options;
    const response = await requestRunsByName(graphql, {
      ...this.#size.limits,
      operation: "SingleRuns",
      path: { entity, project },
      field: (select) => ({
        types: { n: "String!" },
        selection: `run(name: $n) { ${fields(select)} }`,
      }),
      variables: ids.map((id) => ({ n: id })),
      shape: listedShape,
    });
    const nodes = response.data.filter((run) => run !== null);
    return toRows(nodes, singleTexts(response.body.text), response);
  }
}

/** The fields that a row is made of. */
export function rowFields(select: Select): string {
  const user = `user { name ${select("User", ["username"])} }`;
  const optional = select("Run", ["host", "commit", "config", "summaryMetrics", user]);
  return `id ${listedFields(select)} ${optional}`;
}

function toRows(
  nodes: readonly Parameters<typeof toListedRun>[0][],
  texts: readonly string[],
  { body, date = Date.now() }: Pick<GraphqlResponse<unknown>, "body" | "date">,
): RunRows {
  return {
    texts,
    runs: nodes.map((node) => toListedRun(node, date)),
    bytes: body.bytes,
    held: body.hold(),
  };
}

/** The nodes of a page, exactly as the service sent them. */
function nodeTexts(text: string): string[] {
  const edges = elements(members(projectIn(text).get("runs") ?? "")?.get("edges") ?? "") ?? [];
  return edges
    .map((edge) => members(edge)?.get("node") ?? "null")
    .filter((node) => node !== "null");
}

function singleTexts(text: string): string[] {
  return [...projectIn(text).values()].filter((node) => node !== "null");
}

function projectIn(text: string): ReadonlyMap<string, string> {
  return members(members(members(text)?.get("data") ?? "")?.get("project") ?? "") ?? new Map();
}
