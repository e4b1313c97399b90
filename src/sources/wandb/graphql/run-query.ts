/** What a server's schema allows; all until it refuses a query. */
export interface RunQueryFeatures {
  /** `runs(filters)`. */
  filters: boolean;
  /** `runs(order)`. */
  order: boolean;
  /** `runCount(filters)`. */
  counts: boolean;
}

/** What to ask for in one query. */
export interface RunQuery {
  /** The fields of each run. */
  readonly fields: string;
  /** How many ranges to count. */
  readonly counts: number;
  /** Whether to show the newest run, too. */
  readonly newest: boolean;
  readonly features: Readonly<RunQueryFeatures>;
}

/** The text of a query for runs. Its variables have the names that `filters` and the rest show. */
export function runQuery({ fields, counts, newest, features }: RunQuery): string {
  const counted = features.counts ? Array.from({ length: counts }, (_, index) => `c${index}`) : [];
  const wantsNewest = newest && features.order;
  const usesFilters = features.filters;
  const parameters = [
    "$entity: String!, $project: String!, $first: Int, $after: String",
    ...(usesFilters ? ["$filters: JSONString"] : []),
    ...(features.order ? ["$order: String"] : []),
    ...counted.map((name) => `$${name}: JSONString`),
  ];
  const passed = [
    ...(usesFilters ? ["filters: $filters"] : []),
    ...(features.order ? ["order: $order"] : []),
    "first: $first, after: $after",
  ];
  const newestRun = `newest: runs(${usesFilters ? "filters: $filters, " : ""}order: "-created_at", first: 1) { edges { node { createdAt } } }`;
  return `query Runs(${parameters.join(", ")}) {
  viewer { id }
  project(name: $project, entityName: $entity) {
    ${counted.map((name) => `${name}: runCount(filters: $${name})`).join(" ")}
    ${wantsNewest ? newestRun : ""}
    runs(${passed.join(", ")}) {
      edges { ${usesFilters ? "" : "cursor "}node { ${fields} } }
      pageInfo { endCursor hasNextPage }
    }
  }
}`;
}

/**
 * Switches off the features that a server's schema turned out to lack. Returns whether there were
 * any.
 *
 * @param unsupported - Names as `GraphqlValidationError` has them: `Project.runs(filters)`.
 */
export function dropFeatures(features: RunQueryFeatures, unsupported: readonly string[]): boolean {
  const before = JSON.stringify(features);
  for (const name of unsupported) {
    if (/\bruns\(filters\)$|^JSONString$|^\$filters$/.test(name)) features.filters = false;
    if (/\bruns\(order\)$/.test(name)) features.order = false;
    if (/\brunCount\b|^JSONString$|^\$c\d+$/.test(name)) features.counts = false;
  }
  return JSON.stringify(features) !== before;
}
