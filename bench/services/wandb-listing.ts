import { z } from "zod";
import type { GraphqlRequest } from "../../src/emulators/wandb/graphql-request.ts";
import { cursorOf, offsetAfter } from "../../src/emulators/wandb/cursor.ts";
import { parseRunFilter } from "../../src/emulators/wandb/run-filter.ts";
import { fieldJson, type SerializedRun } from "./wandb-runs.ts";

const variablesShape = z.object({
  filters: z.string(),
  /** Both sort the runs in the order of their creation. */
  order: z.enum(["+created_at", "+heartbeat_at"]),
  first: z.int().positive(),
  after: z.string().nullable(),
});

const pageQuery =
  /^query Runs\([^)]*\) \{ viewer \{ id \} project\(name: \$project, entityName: \$entity\) \{ total: runCount\(filters: \$filters\) runs\(filters: \$filters, order: \$order, first: \$first, after: \$after\) \{ edges \{ node \{ (.*) \} \} pageInfo \{ endCursor hasNextPage \} \} \} \}$/;

/**
 * Answers queries for pages of all runs as the emulator would, from preserialized fields. The runs
 * must not change.
 */
export class WandbListing {
  readonly #start: string;
  readonly #runs: readonly SerializedRun[];
  /** Whether all runs match, by the text of the filters. */
  readonly #allMatched = new Map<string, boolean>();

  /**
   * Takes the runs in order. Responses begin with `start`, which ends before the project's members.
   */
  constructor(runs: readonly SerializedRun[], start: string) {
    this.#start = start;
    this.#runs = runs;
  }

  /** The response in chunks, or undefined for any other query. */
  respond({ query, variables }: GraphqlRequest): readonly Buffer[] | undefined {
    const [, selection] = pageQuery.exec(query.replace(/\s+/g, " ").trim()) ?? [];
    const fields = selection?.match(/\w+ \{ [^}]*\}|\w+/g);
    const page = variablesShape.safeParse(variables);
    if (!fields || !page.success || !this.#allMatch(page.data.filters)) return undefined;
    const { after, first } = page.data;
    const begin = offsetAfter(after);
    const selected = this.#runs.slice(begin, begin + first);
    const edges = selected.map((serialized) => {
      const members = fields.map(
        (field) => `"${fieldName(field)}":${fieldJson(field, serialized)}`,
      );
      return `{"node":{${members.join(",")}}}`;
    });
    const pageInfo = {
      endCursor: selected.length > 0 ? cursorOf(begin + selected.length - 1) : after,
      hasNextPage: begin + first < this.#runs.length,
    };
    const total = `"total":${this.#runs.length}`;
    const runs = `"runs":{"edges":[${edges.join(",")}],"pageInfo":${JSON.stringify(pageInfo)}}`;
    return [Buffer.from(`${this.#start}${total},${runs}}}}`)];
  }

  #allMatch(filters: string): boolean {
    const matches = parseRunFilter(filters);
    const matched = this.#allMatched.get(filters) ?? this.#runs.every(({ run }) => matches(run));
    this.#allMatched.set(filters, matched);
    return matched;
  }
}

function fieldName(field: string): string {
  return /^\w+/.exec(field)?.[0] ?? field;
}
