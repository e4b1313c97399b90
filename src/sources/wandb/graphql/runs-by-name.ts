import { z } from "zod";
import {
  aliasAt,
  aliasVariables,
  writeAliases,
  type AliasedField,
} from "../../../http/graphql-aliases.ts";
import type { GraphqlClient, GraphqlResponse, Select } from "../../../http/graphql.ts";
import type { GetOptions } from "../../../http/request.ts";
import { requireProject, type ProjectPath } from "./project-path.ts";

interface RunsByName<Run> extends Omit<GetOptions, "query"> {
  readonly operation: string;
  readonly path: ProjectPath;
  /** The field `run`, and what is selected of it. */
  readonly field: (select: Select) => AliasedField;
  /** The variables of the field, for each of the runs. */
  readonly variables: readonly Readonly<Record<string, unknown>>[];
  readonly shape: z.ZodType<Run>;
  readonly allowPartial?: boolean;
}

/** Requests several runs by name; a run that does not exist is null. */
export async function requestRunsByName<Run>(
  graphql: GraphqlClient,
  { operation, path, field, variables, shape, ...limits }: RunsByName<Run>,
): Promise<GraphqlResponse<readonly (Run | null)[]>> {
  const response = await graphql.request({
    ...limits,
    query: (select) => {
      const { parameters, selections } = writeAliases(variables.length, field(select));
      return `query ${operation}($entity: String!, $project: String!, ${parameters}) {
  viewer { id }
  project(name: $project, entityName: $entity) {
    ${selections}
  }
}`;
    },
    variables: { ...aliasVariables(variables), entity: path.entity, project: path.project },
    shape: z.object({
      viewer: z.unknown().optional(),
      project: z.record(z.string(), shape.nullish()).nullish(),
    }),
  });
  const project = requireProject(response.data, path);
  return { ...response, data: variables.map((_, index) => project[aliasAt(index)] ?? null) };
}
