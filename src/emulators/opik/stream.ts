import { z } from "zod";
import { parseBody, dropwizardError, streamResponse } from "./response.ts";
import type { HttpResponse } from "./response.ts";
import { selectRows } from "./request-context.ts";
import type { RequestContext } from "./request-context.ts";
import type { OpikDataset } from "./dataset.ts";
import { plainText } from "./json.ts";

/** `POST /datasets/items/stream`: the items whose id is less than `last_retrieved_id`, newest first, of the version that is the latest now. */
export function streamItems(call: RequestContext): HttpResponse {
  const { faults, path } = call;
  if (faults.missingStreamStatus)
    throw dropwizardError(faults.missingStreamStatus, `HTTP ${faults.missingStreamStatus}`);
  const request = parseBody(call.body, streamShape);
  const after = request.last_retrieved_id;
  const rows = selectRows(call, findDatasetByName(call, request), {
    version: request.dataset_version,
    filters: request.filters,
  });
  const start = after ? rows.findIndex(({ item }) => item.id < after) : 0;
  const limit = Math.min(request.steam_limit, faults.pageSizeCap ?? Infinity);
  const page = start < 0 ? [] : rows.slice(start, start + limit);
  const broken = faults.streamBreak;
  const breaks = broken !== undefined && page.length > broken.afterRows;
  const sent = breaks ? page.slice(0, broken.afterRows) : page;
  const lines = sent.map(({ text }) => text);
  faults.onPage?.({ path, rows: lines.length });
  return streamResponse(lines, breaks ? broken.how : undefined);
}

const limits = { error: "steamLimit must be between 1 and 2000" };

const streamShape = z.object({
  dataset_name: z.string({ error: "datasetName must not be blank" }).min(1),
  project_name: z.string().nullish(),
  dataset_version: z.string().nullish(),
  filters: z.string().nullish(),
  last_retrieved_id: z.guid().nullish(),
  /** The service's own spelling. */
  steam_limit: z
    .int(limits)
    .min(1, limits)
    .max(2000, limits)
    .nullish()
    .transform((limit) => limit ?? 2000),
});

/** The dataset of that name in the project, else in the whole workspace. */
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
