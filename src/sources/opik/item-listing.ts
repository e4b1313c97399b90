import { z } from "zod";
import type { Checkpoint } from "../../core/source.ts";
import type { Client } from "../../http/client.ts";
import { statusOf } from "../../http/http-error.ts";
import { numberedPages } from "../../http/paging/numbered-pages.ts";
import { isCompleteListing } from "../../http/paging/page.ts";
import { apiPath } from "./client.ts";
import { rowKeys, type Dataset } from "./datasets.ts";
import type { ItemListing } from "./item-page.ts";
import { listStreamedItems } from "./streamed-items.ts";

interface ItemListingOptions {
  /** Items per page. */
  readonly size: number;
  /** `ItemPage.resume` of the listing to continue. Undefined: from the start. */
  readonly resume: Checkpoint | undefined;
}

/**
 * Lists the items of a dataset: by numbered pages if it can be pinned to a version, otherwise by
 * the stream endpoint, whose pages cannot shift.
 *
 * Numbered pages are also the fallback if the service has no stream endpoint or the dataset's name
 * is not unique. A total that changes meanwhile then makes the listing incomplete.
 */
export function listItems(
  client: Client,
  dataset: Dataset,
  options: ItemListingOptions,
): ItemListing {
  if (dataset.versionHash !== undefined || !dataset.hasUniqueName)
    return listNumberedItems(client, dataset, options);
  let listing = listStreamedItems(client, dataset, {
    size: options.size,
    ...streamPosition.parse(options.resume ?? {}),
  });
  return {
    async *[Symbol.asyncIterator]() {
      try {
        yield* listing;
      } catch (error) {
        if (![404, 405].includes(statusOf(error) ?? 0)) throw error;
        listing = listNumberedItems(client, dataset, { ...options, resume: undefined });
        yield* listing;
      }
    },
    isComplete: (distinct) => listing.isComplete(distinct),
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
    // The service may omit the total for an empty dataset.
    isComplete: (distinct) =>
      Promise.resolve(
        isCompleteListing(pages, distinct) || (distinct + items === 0 && pages.complete),
      ),
  };
}
