/** The selection of one run in a query. For arguments, the names of their variables. */
export interface RunSelection {
  readonly alias: string;
  /** The fields before the history, in order. */
  readonly fields: readonly string[];
  readonly name: string;
  readonly minStep: string;
  readonly maxStep: string;
  readonly samples: string;
}

/**
 * Parses a query for the histories of several runs; undefined for any other operation. Throws a
 * RangeError for an unknown form of that operation: answering it slowly would falsify the figure.
 */
export function parseHistoryQuery(query: string): readonly RunSelection[] | undefined {
  if (!/^\s*query History\b/.test(query)) return undefined;
  const text = query.replace(/\s+/g, " ").trim();
  if (!framePattern.test(text.replace(runPattern, "")))
    throw new RangeError(`unknown query: ${text}`);
  return [...text.matchAll(runPattern)].map(toRunSelection);
}

const runPattern =
  /(\w+): run\(name: \$(\w+)\) \{ ((?:\w+ )*)history\(minStep: \$(\w+), maxStep: \$(\w+), samples: \$(\w+)\) \} /g;

/** The query without its runs. */
const framePattern =
  /^query History\([^)]*\) \{ viewer \{ id \} project\(name: \$project, entityName: \$entity\) \{ \} \}$/;

function toRunSelection([
  ,
  alias = "",
  name = "",
  fields = "",
  minStep = "",
  maxStep = "",
  samples = "",
]: RegExpExecArray): RunSelection {
  return { alias, fields: fields.match(/\w+/g) ?? [], name, minStep, maxStep, samples };
}
