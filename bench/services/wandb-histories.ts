import { z } from "zod";
import type { GraphqlRequest } from "../../src/emulators/wandb/graphql.ts";
import { parseHistoryQuery, type RunSelection } from "./wandb-history-query.ts";
import { fieldJson, type SerializedRun } from "./wandb-runs.ts";

type Variables = Readonly<Record<string, unknown>>;

const text = z.string();
const whole = z.int();

/** Answers queries for the histories of several runs as the stand-in does, from lines that were serialised before anybody asks. */
export class WandbHistories {
  readonly #start: string;
  readonly #runs: ReadonlyMap<string, SerializedRun>;
  readonly #asks = new Map<string, readonly RunSelection[] | undefined>();

  /** Answers begin with this text, up to the members of the project. */
  constructor(runs: readonly SerializedRun[], start: string) {
    this.#start = start;
    this.#runs = new Map(runs.map((served) => [served.run.name, served]));
  }

  /** The answer in parts; undefined where something else is asked for. Throws where it would not be the stand-in's. */
  respond({ query, variables }: GraphqlRequest): readonly Buffer[] | undefined {
    const parts = this.#asksOf(query)?.flatMap((ask, index) => {
      const separator = index === 0 ? this.#start : ",";
      return this.#run(ask, {
        variables: variables ?? {},
        before: `${separator}"${ask.alias}":`,
      });
    });
    return parts && [...parts, Buffer.from("}}}")];
  }

  #asksOf(query: string): readonly RunSelection[] | undefined {
    if (!this.#asks.has(query)) this.#asks.set(query, parseHistoryQuery(query));
    return this.#asks.get(query);
  }

  #run(
    { name, fields, minStep, maxStep, samples }: RunSelection,
    { variables, before }: { readonly variables: Variables; readonly before: string },
  ): readonly Buffer[] {
    const served = this.#runs.get(text.parse(variables[name]));
    if (!served) return [Buffer.from(`${before}null`)];
    const lines = served.lines.window({
      from: whole.parse(variables[minStep]),
      below: whole.parse(variables[maxStep]),
      samples: whole.parse(variables[samples]),
    });
    const texts = fields.map((field) => `"${field}":${fieldJson(field, served)},`);
    return [Buffer.from(`${before}{${texts.join("")}"history":[`), lines, Buffer.from("]}")];
  }
}
