import { z } from "zod";
import type { GraphqlRequest } from "../../src/emulators/wandb/graphql-request.ts";
import { parseHistoryQuery, type RunSelection } from "./wandb-history-query.ts";
import { fieldJson, type SerializedRun } from "./wandb-runs.ts";

type Variables = Readonly<Record<string, unknown>>;

const text = z.string();
const integer = z.int();

/**
 * Answers queries for histories of several runs as the emulator would, from preserialized lines.
 */
export class WandbHistories {
  readonly #start: string;
  readonly #runs: ReadonlyMap<string, SerializedRun>;
  readonly #selections = new Map<string, readonly RunSelection[] | undefined>();

  /** Responses begin with `start`, which ends before the members of the project. */
  constructor(runs: readonly SerializedRun[], start: string) {
    this.#start = start;
    this.#runs = new Map(runs.map((serialized) => [serialized.run.name, serialized]));
  }

  /**
   * The response in chunks, or undefined for any other query. Throws if the response would differ
   * from the emulator's.
   */
  respond({ query, variables }: GraphqlRequest): readonly Buffer[] | undefined {
    const chunks = this.#selectionsOf(query)?.flatMap((selection, index) => {
      const separator = index === 0 ? this.#start : ",";
      return this.#run(selection, {
        variables: variables ?? {},
        before: `${separator}"${selection.alias}":`,
      });
    });
    return chunks && [...chunks, Buffer.from("}}}")];
  }

  #selectionsOf(query: string): readonly RunSelection[] | undefined {
    if (!this.#selections.has(query)) this.#selections.set(query, parseHistoryQuery(query));
    return this.#selections.get(query);
  }

  #run(
    { name, fields, minStep, maxStep, samples }: RunSelection,
    { variables, before }: { readonly variables: Variables; readonly before: string },
  ): readonly Buffer[] {
    const serialized = this.#runs.get(text.parse(variables[name]));
    if (!serialized) return [Buffer.from(`${before}null`)];
    const lines = serialized.lines.window({
      from: integer.parse(variables[minStep]),
      below: integer.parse(variables[maxStep]),
      samples: integer.parse(variables[samples]),
    });
    const texts = fields.map((field) => `"${field}":${fieldJson(field, serialized)},`);
    return [Buffer.from(`${before}{${texts.join("")}"history":[`), lines, Buffer.from("]}")];
  }
}
