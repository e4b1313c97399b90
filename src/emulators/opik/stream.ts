import { z } from "zod";
import type { OpikDataset } from "./dataset.ts";
import { plainText } from "./json.ts";
import { selectRows } from "./request-context.ts";
import type { RequestContext } from "./request-context.ts";
import { dropwizardError, parseBody, streamResponse } from "./response.ts";
import type { HttpResponse } from "./response.ts";

/**
 * `POST /datasets/items/stream`: the items with ids below `last_retrieved_id`, newest first.
 * Without a `dataset_version` each request reads the version that is the latest at that time.
 */
export function streamItems(context: RequestContext): HttpResponse {
  const { faults, path } = context;
  if (faults.missingStreamStatus)
    throw dropwizardError(faults.missingStreamStatus, `HTTP ${faults.missingStreamStatus}`);
  const request = parseBody(context.body, streamShape);
  const after = request.last_retrieved_id;
  const rows = selectRows(context, findDatasetByName(context, request), {
    version: request.dataset_version,
    filters: request.filters,
  });
  const start = after ? rows.findIndex(({ item }) => item.id < after) : 0;
  const limit = Math.min(request.steam_limit, faults.pageSizeCap ?? Infinity);
  const page = start < 0 ? [] : rows.slice(start, start + limit);
  const fault = faults.streamBreak;
  const breaks = fault !== undefined && page.length > fault.afterRows;
  const sent = breaks ? page.slice(0, fault.afterRows) : page;
  const lines = sent.map(({ text }) => text);
  faults.onPage?.({ path, rows: lines.length });
  return streamResponse(lines, breaks ? fault.how : undefined);
}

const limits = { error: "steamLimit must be between 1 and 2000" };

const streamShape = z.object({
  dataset_name: z.string({ error: "datasetName must not be blank" }).min(1),
  project_name: z.string().nullish(),
  dataset_version: z.string().nullish(),
  filters: z.string().nullish(),
  last_retrieved_id: z.guid().nullish(),
  /** Misspelled by the service. */
  steam_limit: z
    .int(limits)
    .min(1, limits)
    .max(2000, limits)
    .nullish()
    .transform((limit) => limit ?? 2000),
});

/** The dataset with this name in the project, or else in the whole workspace. */
function findDatasetByName(
  { workspace }: RequestContext,
  { dataset_name, project_name }: z.infer<typeof streamShape>,
): OpikDataset {
  const found = workspace.datasets.filter(({ entity }) => plainText(entity.name) === dataset_name);
  const project = workspace.projects.find(({ name }) => plainText(name) === project_name);
  const dataset =
    found.find(({ entity }) => project && entity["project_id"] === project.id) ?? found[0];
  if (!dataset) throw dropwizardError(404, "Dataset not found");
  return dataset;
}
