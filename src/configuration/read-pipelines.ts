import { ConfigError } from "../core/errors.ts";
import { blocksOf } from "./blocks.ts";
import { defaultConfigPath, readSettings } from "./configuration-file.ts";

/** A pipeline of a configuration file. */
export interface NamedPipeline {
  readonly name: string;
  readonly source: string;
}

/** What a configuration file has blocks for. */
interface PipelineList {
  readonly pipelines: readonly NamedPipeline[];
  /** The names of other blocks: those of external connectors. */
  readonly others: readonly string[];
}

/**
 * The pipelines of a file, in its order.
 *
 * @throws ConfigError if there are none, or two of one name
 */
export async function readPipelines(
  path = defaultConfigPath,
  sourceNames: readonly string[],
  { mayBeNone = false }: { readonly mayBeNone?: boolean } = {},
): Promise<PipelineList> {
  const root = await readSettings(path);
  if (!root) throw new ConfigError(`${path}: no such file; create it, or pass --config FILE`);
  const fallback = typeof root["pipeline"] === "string" ? root["pipeline"] : undefined;
  const sources = Object.keys(root).filter((key) => sourceNames.includes(key));
  const pipelines = sources.flatMap((source) =>
    blocksOf(root, source).map(({ name = fallback ?? source }): NamedPipeline => ({
      name,
      source,
    })),
  );
  const names = pipelines.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined)
    throw new ConfigError(
      `${path}: two pipelines have the name "${twice}"; give their blocks names of their own`,
    );
  if (pipelines.length === 0 && !mayBeNone)
    throw new ConfigError(
      `${path}: has no block of a source (${sourceNames.join(", ")}); add one, or name the source: rivulet wandb sync`,
    );
  const others = Object.entries(root).filter(
    ([key, value]) =>
      !sources.includes(key) && typeof value === "object" && value !== null && key !== "connectors",
  );
  return { pipelines, others: others.map(([key]) => key) };
}
