/** What a query asks of one run. Of the arguments these are the names of the variables. */
export interface RunSelection {
  readonly alias: string;
  /** The fields before the history, in their order. */
  readonly fields: readonly string[];
  readonly name: string;
  readonly minStep: string;
  readonly maxStep: string;
  readonly samples: string;
}

/**
 * What a query for the histories of several runs asks; undefined where it is another operation. Throws a RangeError where it is that
 * operation in a form that is not known here: nobody notices a slow answer, and the figure would be wrong.
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
