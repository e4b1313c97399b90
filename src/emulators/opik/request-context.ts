import type { OpikDataset, VersionedItem } from "./dataset.ts";
import type { OpikFaults } from "./faults.ts";
import { parseFilters } from "./list-query.ts";
import { dropwizardError } from "./response.ts";
import type { OpikWorkspace } from "./workspace.ts";

/** An authorized request and the server that received it. */
export interface RequestContext {
  readonly workspace: OpikWorkspace;
  readonly faults: OpikFaults;
  /** Relative to `/v1/private`. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: string;
}

/** The dataset with this id. Throws a 404 ResponseError if there is none. */
export function requireDataset({ workspace }: RequestContext, id: string): OpikDataset {
  const dataset = workspace.dataset(id);
  if (!dataset) throw dropwizardError(404, "Dataset not found");
  return dataset;
}

/** Which items of a dataset a request selects. */
interface RowSelection {
  /** A version's hash or tag (default: the latest version). */
  readonly version?: string | null | undefined;
  /** The `filters` parameter: a JSON array. */
  readonly filters?: string | null | undefined;
}

/** The selected items of a dataset, newest id first. Throws a ResponseError. */
export function selectRows(
  { faults }: RequestContext,
  dataset: OpikDataset,
  { version, filters }: RowSelection,
): readonly VersionedItem[] {
  if (dataset.id === faults.brokenDataset)
    throw dropwizardError(500, "There was an error processing your request.");
  const number = dataset.versionNumber(version || undefined);
  if (number === undefined) throw dropwizardError(404, `Version not found: '${version ?? ""}'`);
  const rows = dataset.itemsAt(number);
  if (!filters) return rows;
  const passes = parseFilters(filters);
  return rows.filter(({ item }) => passes(item));
}
