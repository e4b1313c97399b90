import { z } from "zod";
import type { OpikDataset } from "./dataset.ts";
import type { VersionedItem } from "./item-history.ts";
import { selectRows } from "./item-rows.ts";
import { isItem, itemText } from "./item-text.ts";
import { findDatasetByName } from "./request-context.ts";
import type { RequestContext } from "./request-context.ts";
import { dropwizardError, parseBody, streamResponse, type StreamBreak } from "./response.ts";
import type { HttpResponse } from "./response.ts";

/**
 * `POST /datasets/items/stream`: the items with ids below `last_retrieved_id`, newest first.
 * Without a `dataset_version` each request reads the version that is the latest at that time. If
 * there is no such dataset or version, the stream is empty.
 */
export function streamItems(context: RequestContext): HttpResponse {
  const { faults, path } = context;
  if (faults.missingStreamStatus)
    throw dropwizardError(faults.missingStreamStatus, `HTTP ${faults.missingStreamStatus}`);
  const request = parseBody(context.body, streamShape);
  const rows = streamedRows(context, request);
  const after = request.last_retrieved_id;
  const start = after ? rows.findIndex(({ item }) => item.id < after) : 0;
  const limit = Math.min(request.steam_limit, faults.pageSizeCap ?? Infinity);
  const page = start < 0 ? [] : rows.slice(start, start + limit);
  const { sent, how } = breakStream(context, page);
  faults.onPage?.({ path, rows: sent.length });
  return streamResponse(
    sent.map((row) => itemText(faults, row)),
    how,
  );
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

function streamedRows(
  context: RequestContext,
  request: z.infer<typeof streamShape>,
): readonly VersionedItem[] {
  const dataset = findDatasetByName(context, request);
  if (!dataset || isEmpty(context, dataset)) return [];
  dataset.migrate();
  const number = dataset.versionNumber(request.dataset_version || undefined);
  if (number === undefined || (number === 0 && dataset.versioned)) return [];
  return selectRows(context, dataset, { number, filters: request.filters });
}

function isEmpty({ faults: { emptyStreams } }: RequestContext, { entity }: OpikDataset): boolean {
  if (emptyStreams === "withoutProject") return (entity["project_id"] ?? null) === null;
  return emptyStreams === "all";
}

/** What is sent of a page of a stream, and how it ends if not as it should. */
function breakStream(
  { faults: { streamBreak, undeliverable } }: RequestContext,
  page: readonly VersionedItem[],
): { readonly sent: readonly VersionedItem[]; readonly how?: StreamBreak } {
  if (undeliverable?.how === "status") {
    const index = page.findIndex((row) => isItem(row, undeliverable.item));
    if (index >= 0) return { sent: page.slice(0, index), how: "silence" };
  }
  if (streamBreak === undefined || page.length <= streamBreak.afterRows) return { sent: page };
  return { sent: page.slice(0, streamBreak.afterRows), how: streamBreak.how };
}
