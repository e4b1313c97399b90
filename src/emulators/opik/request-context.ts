import { refusal } from "./response.ts";
import type { OpikDataset, OpikRow } from "./dataset.ts";
import { filter } from "./list-query.ts";
import type { OpikTraps } from "./faults.ts";
import type { OpikWorkspace } from "./workspace.ts";

/** A request that has passed the login. */
export interface Call {
  readonly workspace: OpikWorkspace;
  readonly traps: OpikTraps;
  /** Below `/v1/private`. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: string;
}

export function existingDataset({ workspace }: Call, id: string): OpikDataset {
  const dataset = workspace.dataset(id);
  if (!dataset) throw refusal(404, "Dataset not found");
  return dataset;
}

export interface Selection {
  /** A version's hash or tag; the latest where there is none. */
  readonly version?: string | null | undefined;
  readonly filters?: string | null | undefined;
}

/** The items of a dataset, newest id first. */
export function selectRows(
  { traps }: Call,
  dataset: OpikDataset,
  { version, filters }: Selection,
): readonly OpikRow[] {
  if (dataset.id === traps.brokenDataset)
    throw refusal(500, "There was an error processing your request.");
  const number = dataset.versionNumber(version || undefined);
  if (number === undefined) throw refusal(404, `Version not found: '${version ?? ""}'`);
  const rows = dataset.rowsOf(number);
  if (!filters) return rows;
  const passes = filter(filters);
  return rows.filter(({ item }) => passes(item));
}
