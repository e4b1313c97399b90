import { z } from "zod";
import type { AliasedField } from "../../../http/graphql-aliases.ts";
import { GraphqlBatches } from "../../../http/graphql-batches.ts";
import type { GraphqlClient, Select } from "../../../http/graphql.ts";
import { formatInt64, greatestInt64 } from "../../../json/int64.ts";
import type { ProjectPath } from "./project-path.ts";
import { requestRunsByName } from "./runs-by-name.ts";

/** A window of one run's history. */
export interface HistoryRange {
  readonly run: string;
  /** The first step, inclusive. */
  readonly from: bigint;
  /** The end of the window, exclusive. */
  readonly below: bigint;
  /** The maximum number of lines; a response of that many may be a sample. */
  readonly samples: number;
}

/** A run, and the requested lines of its history. */
export type RunHistory = z.output<typeof runShape>;

/** Requests for the histories of several runs; null if a run does not exist. */
export type HistoryBatches = GraphqlBatches<HistoryRange, RunHistory | null>;

const runShape = z.object({
  historyLineCount: z.int().nullish(),
  historyKeys: z
    .object({ lastStep: z.unknown().optional() })
    .transform((keys) => ({ lastStep: greatestInt64(keys.lastStep) }))
    .nullish(),
  history: z.array(z.string()).nullish(),
});

/** Combines requests for histories of a project, as many as `concurrency` at a time. */
export function historyBatches(
  graphql: GraphqlClient,
  { concurrency, ...path }: ProjectPath & { readonly concurrency: number },
): HistoryBatches {
  return new GraphqlBatches({
    concurrency,
    send: async (ranges, limits) => {
      const { data, ...response } = await requestRunsByName(graphql, {
        ...limits,
        operation: "History",
        path,
        field: historyField,
        variables: ranges.map(toVariables),
        shape: runShape,
      });
      return { ...response, values: data };
    },
  });
}

function historyField(select: Select): AliasedField {
  const fields = select("Run", ["historyLineCount", "historyKeys"]);
  return {
    types: { n: "String!", f: "Int64", b: "Int64", s: "Int" },
    selection: `run(name: $n) { ${fields} history(minStep: $f, maxStep: $b, samples: $s) }`,
  };
}

function toVariables({ run, from, below, samples }: HistoryRange) {
  return { n: run, f: formatInt64(from), b: formatInt64(below), s: samples };
}
