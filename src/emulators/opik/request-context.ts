import { dropwizardError } from "./response.ts";
import type { OpikDataset, VersionedItem } from "./dataset.ts";
import { parseFilters } from "./list-query.ts";
import type { OpikFaults } from "./faults.ts";
import type { OpikWorkspace } from "./workspace.ts";

/** A request that has passed the login. */
export interface RequestContext {
  readonly workspace: OpikWorkspace;
  readonly faults: OpikFaults;
  /** Below `/v1/private`. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: string;
}

export function requireDataset({ workspace }: RequestContext, id: string): OpikDataset {
  const dataset = workspace.dataset(id);
  if (!dataset) throw dropwizardError(404, "Dataset not found");
  return dataset;
}

export interface RowSelection {
  /** A version's hash or tag; the latest where there is none. */
  readonly version?: string | null | undefined;
  readonly filters?: string | null | undefined;
}

/** The items of a dataset, newest id first. */
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
