import { z } from "zod";
import type { GraphqlRequest } from "../../src/emulators/wandb/graphql.ts";
import { instantSortKey } from "../../src/emulators/wandb/project.ts";
import { parseRunFilter } from "../../src/emulators/wandb/run-filter.ts";
import { fieldJson, type SerializedRun } from "./wandb-runs.ts";

const variablesShape = z.object({
  filters: z.string(),
  /** Both are the order in which the runs were made. */
  order: z.enum(["+created_at", "+heartbeat_at"]),
  first: z.int().positive(),
  after: z.string().nullable(),
});

const pageQuery =
  /^query Runs\([^)]*\) \{ viewer \{ id \} project\(name: \$project, entityName: \$entity\) \{ total: runCount\(filters: \$filters\) runs\(filters: \$filters, order: \$order, first: \$first, after: \$after\) \{ edges \{ node \{ (.*) \} \} pageInfo \{ endCursor hasNextPage \} \} \} \}$/;

/**
 * Answers pages of a listing of all runs as the stand-in does, from fields that were serialised before anybody asks. The runs must not
 * change.
 */
export class WandbListing {
  readonly #start: string;
  readonly #runs: readonly SerializedRun[];
  /** Whether all runs pass, by the text of filters. */
  readonly #passed = new Map<string, boolean>();

  /** Takes the runs in their order, and the text with which answers begin, up to the members of the project. */
  constructor(runs: readonly SerializedRun[], start: string) {
    this.#start = start;
    this.#runs = runs;
  }

  /** Undefined where something else is asked for, or in another form. */
  respond({ query, variables }: GraphqlRequest): readonly Buffer[] | undefined {
    const [, selection] = pageQuery.exec(query.replace(/\s+/g, " ").trim()) ?? [];
    const fields = selection?.match(/\w+ \{ [^}]*\}|\w+/g);
    const page = variablesShape.safeParse(variables);
    if (!fields || !page.success || !this.#allPass(page.data.filters)) return undefined;
    const { after, first } = page.data;
    const begin = after ? runNumber(after) : 0;
    const shown = this.#runs.slice(begin, begin + first);
    const edges = shown.map((served) => {
      const members = fields.map((field) => `"${fieldName(field)}":${fieldJson(field, served)}`);
      return `{"node":{${members.join(",")}}}`;
    });
    const pageInfo = {
      endCursor: runCursor(shown.at(-1)) ?? after,
      hasNextPage: begin + first < this.#runs.length,
    };
    const total = `"total":${this.#runs.length}`;
    const runs = `"runs":{"edges":[${edges.join(",")}],"pageInfo":${JSON.stringify(pageInfo)}}`;
    return [Buffer.from(`${this.#start}${total},${runs}}}}`)];
  }

  /** The stand-in looks at all runs for each page, which tells how many pass. */
  #allPass(filters: string): boolean {
    const passes = parseRunFilter(filters);
    const passed = this.#passed.get(filters) ?? this.#runs.every(({ run }) => passes(run));
    this.#passed.set(filters, passed);
    return passed;
  }
}

/** The stand-in's cursor of a run: where it is in the order, and its number, counted from 1. */
function runCursor(served: SerializedRun | undefined): string | undefined {
  if (!served) return undefined;
  const { fields, number } = served.run;
  return Buffer.from(JSON.stringify([instantSortKey(fields.createdAt), number])).toString(
    "base64url",
  );
}

const cursorShape = z.tuple([z.string(), z.int()]);

/** The number of the run that a cursor stands for: so many runs come before the next one. */
function runNumber(cursor: string): number {
  const place: unknown = JSON.parse(Buffer.from(cursor, "base64url").toString());
  return cursorShape.parse(place)[1];
}

function fieldName(field: string): string {
  return /^\w+/.exec(field)?.[0] ?? field;
}
