import { z } from "zod";
import { datasetJson, versionJson } from "./entity-json.ts";
import { parseDatasetFilters } from "./filters.ts";
import { listResponse } from "./list-response.ts";
import { findDataset, findDatasetByName, isVisible, requireDataset } from "./request-context.ts";
import type { RequestContext } from "./request-context.ts";
import { dropwizardError, parseBody } from "./response.ts";
import type { HttpResponse } from "./response.ts";
import { nameContains, sortEntities } from "./sorting.ts";

/** `GET /datasets`. */
export function listDatasets(context: RequestContext): HttpResponse {
  const { query, faults } = context;
  const filters = [nameContains(query), parseDatasetFilters(query.get("filters"))];
  const project = query.get("project_id");
  if (project) filters.push((dataset) => dataset["project_id"] === project);
  filters.push((dataset) => isVisible(context, dataset));
  const found = context.workspace.datasets.filter(({ entity }) => filters.every((f) => f(entity)));
  const sortable = ["id", "name", "description", "created_at", "last_updated_at"];
  const rows = sortEntities(found, { query, sortable, members: ({ entity }) => entity });
  return listResponse(context, rows, {
    text: (dataset) => datasetJson(dataset, faults),
    more: { sortableBy: JSON.stringify(sortable) },
  });
}

/** `GET /datasets/{id}`. */
export function getDataset(context: RequestContext, id: string): HttpResponse {
  return { status: 200, text: datasetJson(requireDataset(context, id), context.faults) };
}

/** `POST /datasets/retrieve`: a dataset by its name. */
export function retrieveDataset(context: RequestContext): HttpResponse {
  const dataset = findDatasetByName(context, parseBody(context.body, identifierShape));
  if (!dataset) throw dropwizardError(404, "Dataset not found");
  return getDataset(context, dataset.id);
}

const identifierShape = z.object({
  dataset_name: z.string({ error: "datasetName must not be blank" }).min(1),
  project_name: z.string().nullish(),
});

/** `GET /datasets/{id}/versions`, newest first; empty for a dataset that does not exist. */
export function listVersions(context: RequestContext, id: string): HttpResponse {
  requireVersions(context);
  const dataset = findDataset(context, id);
  const options = { saysRequestedSize: true };
  if (!dataset) return listResponse<never>(context, [], { ...options, text: () => "" });
  requireDataset(context, id);
  return listResponse(context, dataset.versions.toReversed(), {
    ...options,
    text: (version) => versionJson(dataset, version, context.faults),
  });
}

/** `POST /datasets/{id}/versions/retrieve`: a version by its name. */
export function retrieveVersion(context: RequestContext, id: string): HttpResponse {
  requireVersions(context);
  const { version_name } = parseBody(context.body, retrieveShape);
  const dataset = findDataset(context, id);
  const found = dataset?.versions.find((version) => version.version_name === version_name);
  if (!dataset || !found)
    throw dropwizardError(404, `Version '${version_name}' not found for dataset '${id}'`);
  return { status: 200, text: versionJson(dataset, found, context.faults) };
}

const retrieveShape = z.object({
  version_name: z.string().regex(/^v\d+$/, 'versionName must match "^v\\d+$"'),
});

/** Throws a 404 ResponseError on a server without versions. */
function requireVersions({ workspace }: RequestContext): void {
  if (!workspace.versioned) throw dropwizardError(404, "HTTP 404 Not Found");
}
