import type { Source } from "../core/source.ts";
import { configFields, formatProblem, type Problem } from "./check-settings.ts";
import { defaultConfigPath } from "./configuration-file.ts";

interface ProblemContext {
  readonly source: Pick<Source, "config">;
  /** The file, if there is one. */
  readonly path?: string;
  /** The section of the file that holds the source's settings; empty if it has none. */
  readonly section: string;
  /** Where settings come from that the file does not have, by key. */
  readonly origins: ReadonlyMap<string, string>;
  /** The flag that sets a key, by key. */
  readonly flags: Readonly<Record<string, string>>;
  /** Problems of the file that are known already, each beginning with its key. */
  readonly reported: readonly string[];
}

/** One message for each origin: a variable, an argument, or the file with all its problems. */
export function describeProblems(
  problems: readonly Problem[],
  context: ProblemContext,
): readonly string[] {
  const { origins, section, reported, path } = context;
  const ofFile = [...reported];
  const others: string[] = [];
  for (const problem of problems) {
    const [key = ""] = problem.path;
    const origin = origins.get(key);
    const prefix = formatProblem({ ...problem, message: "" }, section);
    if (origin !== undefined) others.push(describe(problem, origin));
    // If its variable is not set, the schema would report the value as missing, too.
    else if (!reported.some((message) => message.startsWith(prefix)))
      ofFile.push(formatProblem({ ...problem, message: withRemedy(problem, context) }, section));
  }
  if (ofFile.length === 0) return others;
  return [...others, ...(path === undefined ? ofFile : [describeFile(path, ofFile)])];
}

/** A variable or a flag stands for one key; a file of the service's client has several. */
function describe(problem: Problem, origin: string): string {
  if (/^(?:-|[A-Z_\d]+(?:$| ))/.test(origin)) {
    const inside = { ...problem, path: problem.path.slice(1) };
    return `${origin}: ${formatProblem(inside)}`;
  }
  return `${origin}: ${formatProblem(problem)}`;
}

/** What is missing can be given in several ways. */
function withRemedy(
  { path: keys, message }: Problem,
  { source, section, flags, path = defaultConfigPath }: ProblemContext,
): string {
  const [key = ""] = keys;
  if (!message.startsWith("missing")) return message;
  const [variable] = configFields(source)[key]?.env ?? [];
  if (variable === undefined) return message;
  const name = section === "" ? key : `${section}.${key}`;
  const ways = [flags[key], variable].filter((way) => way !== undefined).join(", ");
  const what = message.replace(/; expected text$/, "");
  return `${what}; give ${ways} or "${name}" in ${path}`;
}

function describeFile(path: string, problems: readonly string[]): string {
  if (problems.length === 1) return `${path}: ${problems[0] ?? ""}`;
  return `${path}: ${problems.length} problems\n${problems.map((problem) => `  ${problem}`).join("\n")}`;
}
