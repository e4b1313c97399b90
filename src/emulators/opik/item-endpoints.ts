import type { OpikDataset } from "./dataset.ts";
import { columnsJson, documentedItemJson, itemJson } from "./entity-json.ts";
import type { VersionedItem } from "./item-history.ts";
import { rowTotal, selectRows } from "./item-rows.ts";
import { itemText } from "./item-text.ts";
import { listResponse } from "./list-response.ts";
import { findDataset, isVisible, requireDataset } from "./request-context.ts";
import type { RequestContext } from "./request-context.ts";
import { dropwizardError } from "./response.ts";
import type { HttpResponse } from "./response.ts";

/**
 * `GET /datasets/{id}/items`. Without a `version` it is the latest, or what was written before
 * there was one. A dataset that does not exist has no items, and no version.
 */
export function listItems(context: RequestContext, id: string): HttpResponse {
  const { query, faults } = context;
  const version = query.get("version") ?? "";
  const dataset = findDataset(context, id);
  if (dataset) requireDataset(context, id);
  dataset?.migrate();
  const number = dataset && versionNumber(dataset, version);
  if (number === undefined && version !== "")
    throw dropwizardError(404, `Version not found for dataset hash='${version}' datasetId='${id}'`);
  if (!dataset || number === undefined) return emptyPage(context);
  const rows = selectRows(context, dataset, { number, filters: query.get("filters") });
  const truncate = query.get("truncate") === "true";
  const text = (row: VersionedItem): string => itemJson(itemText(faults, row), truncate);
  return listResponse(context, rows, {
    text: faults.documentedShape ? documentedItemJson : text,
    more: { columns: columnsJson(rows.slice(0, 100)), sortableBy: "[]" },
    total: rowTotal(context, dataset, rows),
  });
}

/** `GET /datasets/items/{id}`: an item of the latest version of whichever dataset has it. */
export function getItem(context: RequestContext, id: string): HttpResponse {
  for (const dataset of context.workspace.datasets) {
    const rows = isVisible(context, dataset.entity) ? dataset.itemsAt(dataset.versions.length) : [];
    const row = rows.find(({ item }) => item.id === id);
    if (row) return { status: 200, text: itemText(context.faults, row) };
  }
  throw dropwizardError(404, "Dataset item not found");
}

function versionNumber(dataset: OpikDataset, version: string): number | undefined {
  if (version === "") return dataset.versionNumber();
  const number = dataset.versionNumber(version);
  return number === 0 && dataset.versioned ? undefined : number;
}

function emptyPage(context: RequestContext): HttpResponse {
  const more = { columns: "[]", sortableBy: "[]" };
  return listResponse<never>(context, [], { text: () => "", more });
}
