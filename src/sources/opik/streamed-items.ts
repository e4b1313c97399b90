import { z } from "zod";
import { SourceError } from "../../core/errors.ts";
import type { Body } from "../../http/body.ts";
import type { Client } from "../../http/client.ts";
import { jsonLines } from "../../http/ndjson.ts";
import { PageSize } from "../../http/paging/page-size.ts";
import { members, plain } from "../../json/text-scanner.ts";
import { apiPath } from "./client.ts";
import type { Dataset } from "./datasets.ts";
import type { ItemListing, ItemPage } from "./item-page.ts";

const path = `${apiPath}/datasets/items/stream`;

/** The service's limit. */
const maxPageSize = 2000;

interface StreamedItemsOptions {
  /** Items per page. */
  readonly size: number;
  /** Id of the item to resume after. Absent: from the newest. */
  readonly after?: string | undefined;
}

/**
 * Lists the items of a dataset, newest first. Each page starts after the last item of the previous
 * one, so inserts and deletes cannot shift a page. This is for servers without versions; where
 * there are versions, numbered pages can be pinned to one.
 *
 * The service may end a response early, cleanly or with an error in its last line. So a short page
 * is not the end, only an empty one is, and the listing is complete only if it contained as many
 * items as the service counts.
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
      const cursors = new Set([after]);
      for (let number = 1; ; number += 1) {
        const page = await requestPage(client, dataset, { size, after });
        if (page.rows.length === 0) return;
        after = itemId(page.rows.at(-1));
        if (cursors.has(after))
          throw new SourceError(`${path}: got the same page twice; the service ignores the cursor`);
        cursors.add(after);
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
        // The service's own spelling.
        steam_limit: size.rows,
        ...(after === undefined ? {} : { last_retrieved_id: after }),
      },
      accept: parseItemLines,
    }),
  );
  for (const row of rows) checkDataset(row, id);
  return { rows, bytes: body.bytes };
}

/** The lines of a response. Rejects one that reports an error, so that the request is retried. */
function parseItemLines({ text }: Body): readonly string[] {
  return jsonLines(text, (value) => errorLine.safeParse(value).data?.message);
}

const errorLine = z.object({ code: z.number(), message: z.string(), id: z.undefined().optional() });

/** Guards against a renamed dataset: this endpoint takes a name, not an id. */
function checkDataset(row: string, id: string): void {
  const other = plain(members(row)?.get("dataset_id"));
  if (other !== undefined && other !== id) {
    throw new SourceError(
      `${path}: expected items of dataset ${id}, got one of ${other}; two datasets have the same name`,
    );
  }
}

function itemId(row: string | undefined): string {
  const id = plain(members(row ?? "")?.get("id"));
  if (id === undefined) throw new SourceError(`${path}: expected items with an id`);
  return id;
}

/** The service's item count. Without one: at least 1 if the dataset had items when listed. */
async function countItems(client: Client, { id, items }: Dataset): Promise<number> {
  const { body } = await client.getJson(`${apiPath}/datasets/${encodeURIComponent(id)}/items`, {
    query: { page: 1, size: 1 },
  });
  const total = plain(members(body.text)?.get("total"));
  return total === undefined ? Math.min(items, 1) : Number(total);
}
