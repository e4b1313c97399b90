import { withCallerMessage } from "../../../core/caller-message.ts";
import { z } from "zod";
import { ConfigError } from "../../../core/errors.ts";
import { toTimestamp } from "../../../core/timestamp.ts";
import type { GraphqlClient, GraphqlResponse, Select } from "../../../http/graphql.ts";
import { GraphqlValidationError } from "../../../http/graphql-validation.ts";
import { PageSize } from "../../../http/paging/page-size.ts";
import {
  UnprovenError,
  type ListingAnswer,
  type ListingQuestion,
  type ListingService,
} from "../../../engine/listing/listing-service.ts";
import type { ListedRun } from "../reader/listed-run.ts";
import { listedFields, listedShape, toListedRun } from "./listed-run.ts";
import { requireProject, type ProjectPath } from "./project-path.ts";
import { combineFilters, conditionsOf, type Filters } from "./run-filters.ts";
import { dropFeatures, runQuery, type RunQueryFeatures } from "./run-query.ts";

const pageInfo = z.object({ endCursor: z.string().nullish(), hasNextPage: z.boolean() });
const newestShape = z.object({
  edges: z.array(z.object({ node: z.object({ createdAt: z.string() }) })),
});
const edgeShape = z.object({ cursor: z.string().nullish(), node: listedShape.nullish() });
const dataShape = z.object({
  viewer: z.unknown().optional(),
  project: z
    .looseObject({
      runs: z.object({ edges: z.array(edgeShape), pageInfo }),
      newest: newestShape.optional(),
    })
    .nullish(),
});

type RunsResponse = GraphqlResponse<z.output<typeof dataShape>>;

interface GraphqlRunsOptions extends ProjectPath {
  readonly graphql: GraphqlClient;
  /** The configured filters. */
  readonly filters: Filters;
  /** Runs per answer at most. */
  readonly pageSize: number;
}

/** Answers questions about runs through GraphQL. */
export class GraphqlRuns implements ListingService<ListedRun> {
  readonly #options: GraphqlRunsOptions;
  readonly #size: PageSize;
  readonly #features: RunQueryFeatures = { filters: true, order: true, counts: true };

  constructor(options: GraphqlRunsOptions) {
    this.#options = options;
    this.#size = new PageSize(options.pageSize);
  }

  /**
   * Throws an UnprovenError if the server cannot filter as the question needs it, and a ConfigError
   * if it cannot filter at all, but filters are configured.
   */
  async ask(question: ListingQuestion): Promise<ListingAnswer<ListedRun>> {
    const { data, date = Date.now() } = await this.#size.requestWithSmallerPages(() =>
      this.request(question, listedFields, this.#size),
    );
    const project = requireProject(data, this.#options);
    const { edges, pageInfo } = project.runs;
    const counts = question.counts?.map((_, index) => project[`c${index}`]);
    return {
      items: edges.flatMap(({ node }) => (node ? [toListedRun(node, date)] : [])),
      hasNext: pageInfo.hasNextPage,
      // Servers that imitate W&B may lack the first.
      cursor: pageInfo.endCursor ?? edges.at(-1)?.cursor ?? undefined,
      counts: counts?.every((count) => typeof count === "number") ? counts : undefined,
      newest: toTimestamp(project.newest?.edges[0]?.node.createdAt ?? ""),
      date,
    };
  }

  /** Sends a question, again without what the server's schema turns out to lack. */
  async request(
    question: ListingQuestion,
    fields: (select: Select) => string,
    size: PageSize,
  ): Promise<RunsResponse> {
    const { graphql } = this.#options;
    const { counts = [], newest = false } = question;
    for (;;) {
      this.#requireFilters(question);
      const features = { ...this.#features };
      try {
        return await graphql.request({
          ...size.limits,
          query: (select) =>
            runQuery({ fields: fields(select), counts: counts.length, newest, features }),
          variables: this.#variables(question, size),
          shape: dataShape,
        });
      } catch (error) {
        if (!(error instanceof GraphqlValidationError)) throw error;
        if (!dropFeatures(this.#features, error.unsupported)) throw error;
      }
    }
  }

  #requireFilters(question: ListingQuestion): void {
    if (this.#features.filters) return;
    if (Object.keys(this.#options.filters).length > 0)
      throw withCallerMessage(
        new ConfigError("wandb.filters: this server cannot filter runs; remove them"),
      );
    if (conditionsOf(question).length > 0)
      throw new UnprovenError("this server cannot filter runs");
  }

  #variables(question: ListingQuestion, size: PageSize): Readonly<Record<string, unknown>> {
    const { entity, project, filters } = this.#options;
    const { first = size.rows, after = null, counts = [] } = question;
    const { filters: canFilter, order: canOrder, counts: canCount } = this.#features;
    const ranges = counts.map((range) => combineFilters(filters, conditionsOf(range)));
    return {
      ...{ entity, project, after, first: Math.min(first, size.rows) },
      ...(canFilter ? { filters: combineFilters(filters, conditionsOf(question)) } : {}),
      ...(canOrder ? { order: "+created_at" } : {}),
      ...(canCount ? Object.fromEntries(ranges.map((text, index) => [`c${index}`, text])) : {}),
    };
  }
}
