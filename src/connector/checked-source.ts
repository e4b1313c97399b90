import { z } from "zod";
import { referenceProblems, typeProblems } from "../core/column-problems.ts";
import { ConfigError } from "../core/errors.ts";
import type { Stream, StreamBatch } from "../core/source.ts";
import type { SourceConnector } from "./connector.ts";

/**
 * An external source whose declarations are checked: a mistake in one is reported as such, before
 * anything is read, and not as what it would lead to.
 */
export function checkedSource(source: SourceConnector): SourceConnector {
  const { name, title, config, version } = source;
  return {
    ...{ kind: "source", name, title, config },
    ...(version === undefined ? {} : { version }),
    ...(source.savedSettings ? { savedSettings: (env) => source.savedSettings?.(env) } : {}),
    identity(parsed) {
      const identity: unknown = source.identity(parsed);
      if (typeof identity === "string" && identity !== "") return identity;
      throw new ConfigError(`${name}: identity: expected text that names host and workspace`);
    },
    streams: (parsed, context) => checkedStreams(name, source.streams(parsed, context)),
    check: (parsed, context) => source.check(parsed, context),
  };
}

/** A source's streams. Throws a ConfigError that lists what is wrong with their declarations. */
export function checkedStreams(source: string, streams: readonly Stream[]): readonly Stream[] {
  const given: unknown = streams;
  if (!Array.isArray(given))
    throw new ConfigError(`${source}: streams: expected a function that returns a list of streams`);
  const problems = streams.flatMap((stream, index) => streamProblems(stream, index));
  const names = streams.map(({ name }) => name);
  const repeated = names.filter((name, index) => names.indexOf(name) < index);
  problems.push(...repeated.map((name) => `stream "${name}": declared twice; rename one`));
  if (problems.length > 0) throw new ConfigError(`${source}: ${problems.join("; ")}`);
  return streams.map((stream) => ({
    ...stream,
    read: (options) => checkedBatches(stream, options),
  }));
}

const names = z.array(z.string(), { error: "expected a list of column names" });

const shape = z.object({
  name: z.string({ error: "expected a name" }).min(1, "expected a name"),
  columns: z.record(z.string(), z.unknown(), { error: "expected column types by name" }),
  primaryKey: names.min(1, "expected at least one column"),
  cursor: z.string({ error: "expected the name of a column" }).optional(),
  stamped: names.optional(),
  read: z.custom((value) => typeof value === "function", { error: "expected a function" }),
});

function streamProblems(stream: unknown, index: number): string[] {
  const { data, error } = shape.safeParse(stream);
  const name = (stream as { readonly name?: unknown } | undefined)?.name;
  const where = typeof name === "string" && name !== "" ? `stream "${name}"` : `streams.${index}`;
  const problems = data
    ? [...typeProblems(data.columns), ...referenceProblems(data.columns, referencesIn(data))]
    : error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
  return problems.map((problem) => `${where}: ${problem}`);
}

function referencesIn({ primaryKey, cursor, stamped = [] }: z.output<typeof shape>) {
  return { primaryKey, cursor: cursor === undefined ? [] : [cursor], stamped };
}

async function* checkedBatches(
  stream: Stream,
  options: Parameters<Stream["read"]>[0],
): AsyncGenerator<StreamBatch, void> {
  for await (const batch of stream.read(options)) {
    const rows: unknown = (batch as Partial<StreamBatch> | undefined)?.rows;
    if (!Array.isArray(rows))
      throw new ConfigError(
        `${stream.name}: read() yielded no batch; yield { rows: […] }, with a list of objects`,
      );
    const problem = rejectedProblem(batch);
    if (problem !== undefined) throw new ConfigError(`${stream.name}: read() yielded ${problem}`);
    yield batch;
  }
}

const rejectedShape = z.object({ key: z.string(), payload: z.string(), reason: z.string() });

/** What is wrong with the rejected entries of a batch. */
function rejectedProblem({ rejected }: StreamBatch): string | undefined {
  const entries: unknown = rejected ?? [];
  if (!Array.isArray(entries)) return "rejected that is no list; yield { rejected: […] }";
  for (const entry of entries) {
    const [issue] = rejectedShape.safeParse(entry).error?.issues ?? [];
    if (!issue) continue;
    const what =
      issue.path.length === 0
        ? "that is no object"
        : `without text in ${issue.path[0]?.toString() ?? ""}`;
    return `a rejected entry ${what}; give it a key, a payload and a reason`;
  }
  return undefined;
}
