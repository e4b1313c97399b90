import { z } from "zod";
import type { Checkpoint } from "../../core/source.ts";
import type { Client } from "../../http/client.ts";
import { statusOf } from "../../http/http-error.ts";
import { isCompleteListing } from "../../http/paging/page.ts";
import { numberedPages } from "../../http/paging/numbered-pages.ts";
import { apiPath } from "./client.ts";
import { rowKeys, type Dataset } from "./datasets.ts";
import { listStreamedItems } from "./streamed-items.ts";
import type { ItemListing } from "./item-page.ts";

export interface ItemListingOptions {
  readonly size: number;
  /** What a page of an earlier walk said to go on from. */
  readonly resume: Checkpoint | undefined;
}

/**
 * A walk through the items of a dataset: by numbered pages where a version holds them still, else by the stream, whose pages cannot
 * shift. A service that has no stream, or whose dataset names collide, is read by numbered pages all the same; a total that changes
 * meanwhile then makes the walk incomplete.
 */
export function listItems(
  client: Client,
  dataset: Dataset,
  options: ItemListingOptions,
): ItemListing {
  if (dataset.versionHash !== undefined || !dataset.hasOwnName)
    return listNumberedItems(client, dataset, options);
  let walk = listStreamedItems(client, dataset, {
    size: options.size,
    ...streamPosition.parse(options.resume ?? {}),
  });
  return {
    async *[Symbol.asyncIterator]() {
      try {
        yield* walk;
      } catch (error) {
        if (![404, 405].includes(statusOf(error) ?? 0)) throw error;
        walk = listNumberedItems(client, dataset, { ...options, resume: undefined });
        yield* walk;
      }
    },
    isComplete: (distinct) => walk.isComplete(distinct),
  };
}

const streamPosition = z.object({ after: z.string().optional() });
const pagePosition = z.object({ offset: z.number(), size: z.number() });

/** @see https://www.comet.com/docs/opik/reference/rest-api/datasets/get-dataset-items */
function listNumberedItems(
  client: Client,
  { id, versionHash, items }: Dataset,
  { size, resume }: ItemListingOptions,
): ItemListing {
  const from = pagePosition.safeParse(resume).data;
  const pages = numberedPages(client, {
    path: `${apiPath}/datasets/${encodeURIComponent(id)}/items`,
    query: { version: versionHash, truncate: false },
    rowKeys,
    size,
    ...(from ? { from } : {}),
  });
  return {
    async *[Symbol.asyncIterator]() {
      for await (const page of pages) yield { ...page, resume: { ...page.next } };
    },
    // A dataset without items may not tell a total.
    isComplete: (distinct) =>
      Promise.resolve(
        isCompleteListing(pages, distinct) || (distinct + items === 0 && pages.complete),
      ),
  };
}
