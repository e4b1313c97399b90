import { SourceError } from "../../core/errors.ts";
import { z } from "zod";
import { members, plain } from "../../json/text-scanner.ts";
import type { Body } from "../../http/body.ts";
import type { Client } from "../../http/client.ts";
import { jsonLines } from "../../http/ndjson.ts";
import { PageSize } from "../../http/paging/page-size.ts";
import { apiPath } from "./client.ts";
import type { Dataset } from "./datasets.ts";
import type { ItemListing, ItemPage } from "./item-page.ts";

const path = `${apiPath}/datasets/items/stream`;

/** What the service allows for a page. */
const maxPageSize = 2000;

export interface StreamedItemsOptions {
  readonly size: number;
  /** Go on after this item. */
  readonly after?: string | undefined;
}

/**
 * The items of a dataset, newest first, each page beginning after the last item of the one before, so that nothing that is
 * added or deleted meanwhile shifts a page. For servers that keep no versions, which alone could hold a numbered page still.
 *
 * The service may end an answer early, cleanly or with an error in its last line. So a short page is not the end, an empty one is,
 * and the walk is complete only if it has shown as many items as the service counts.
 *
 * @see https://www.comet.com/docs/opik/reference/rest-api/datasets/stream-dataset-items
 */
export function listStreamedItems(
  client: Client,
  dataset: Dataset,
  options: StreamedItemsOptions,
): ItemListing {
  return {
    async *[Symbol.asyncIterator]() {
      const size = new PageSize(Math.min(options.size, maxPageSize));
      let after = options.after;
      const passed = new Set([after]);
      for (let number = 1; ; number += 1) {
        const page = await requestPage(client, dataset, { size, after });
        if (page.rows.length === 0) return;
        after = itemId(page.rows.at(-1));
        if (passed.has(after))
          throw new SourceError(`${path}: a page came again; the pages do not go on`);
        passed.add(after);
        yield { ...page, number, resume: { after } };
      }
    },
    async isComplete(distinct) {
      return distinct >= (await countItems(client, dataset));
    },
  };
}

interface PageRequest {
  readonly size: PageSize;
  readonly after: string | undefined;
}

async function requestPage(
  client: Client,
  { name, id }: Dataset,
  { size, after }: PageRequest,
): Promise<Pick<ItemPage, "rows" | "bytes">> {
  const { value: rows, body } = await size.requestWithSmallerPages(() =>
    client.request({
      ...size.limits,
      method: "POST",
      path,
      json: {
        dataset_name: name,
        // Spelled so in the service.
        steam_limit: size.rows,
        ...(after === undefined ? {} : { last_retrieved_id: after }),
      },
      accept: parseItemLines,
    }),
  );
  for (const row of rows) checkDataset(row, id);
  return { rows, bytes: body.bytes };
}

/** The lines of an answer; one that says that the service failed makes the request be sent again. */
function parseItemLines({ text }: Body): readonly string[] {
  return jsonLines(text, (value) => errorLine.safeParse(value).data?.message);
}

const errorLine = z.object({ code: z.number(), message: z.string(), id: z.undefined().optional() });

/** Datasets are asked for by name here, and a name may come to mean another dataset. */
function checkDataset(row: string, id: string): void {
  const other = plain(members(row)?.get("dataset_id"));
  if (other !== undefined && other !== id) {
    throw new SourceError(
      `asked for the items of dataset ${id}, got one of ${other}; the names of datasets collide`,
    );
  }
}

function itemId(row: string | undefined): string {
  const id = plain(members(row ?? "")?.get("id"));
  if (id === undefined) throw new SourceError(`${path}: expected items with an id`);
  return id;
}

/** How many items the service says the dataset has now; where it does not say, at least one if it had any when it was listed. */
async function countItems(client: Client, { id, items }: Dataset): Promise<number> {
  const { body } = await client.getJson(`${apiPath}/datasets/${encodeURIComponent(id)}/items`, {
    query: { page: 1, size: 1 },
  });
  const total = plain(members(body.text)?.get("total"));
  return total === undefined ? Math.min(items, 1) : Number(total);
}
