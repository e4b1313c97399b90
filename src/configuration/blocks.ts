import { ConfigError } from "../core/errors.ts";
import { suggestion } from "../core/suggestion.ts";
import type { Settings } from "./parse-settings.ts";

/** The settings of a pipeline, in the block of its source. */
export interface Block {
  /** Where it stands in the file: `wandb`, or `wandb.1` in a list. */
  readonly path: string;
  /** The pipeline's name, if the block has one. */
  readonly name?: string;
  /** The pipeline's own destination, if the block has one. */
  readonly destination?: unknown;
  readonly settings: Settings;
}

/** Keys of a block that belong to the pipeline, unless the source has a setting of that name. */
const pipelineKeys = ["name", "destination"] as const;

/**
 * The blocks of a source in a file: none, one, or a list.
 *
 * @param settingNames - The source's own settings.
 * @throws ConfigError if one is no object, or if one of several has no name or that of another
 */
export function blocksOf(
  root: Settings,
  source: string,
  settingNames: readonly string[] = [],
): readonly Block[] {
  const value = root[source];
  if (value === undefined) return [];
  const isList = Array.isArray(value);
  const blocks = [value].flat().map((block: unknown, index): Block => {
    const path = isList ? `${source}.${index}` : source;
    if (!isObject(block)) throw new ConfigError(`${path}: expected an object`);
    const own = pipelineKeys.filter((key) => !settingNames.includes(key));
    const settings = Object.entries(block).filter(([key]) => !own.some((name) => name === key));
    const { name, destination } = Object.fromEntries(own.map((key) => [key, block[key]]));
    if (name !== undefined && (typeof name !== "string" || name === ""))
      throw new ConfigError(`${path}.name: expected text`);
    if (name === undefined && isList)
      throw new ConfigError(
        `${path}.name: missing; each block of a list is a pipeline with a name`,
      );
    return {
      path,
      ...(name === undefined ? {} : { name }),
      ...(destination === undefined ? {} : { destination }),
      settings: Object.fromEntries(settings),
    };
  });
  const names = blocks.map(({ name }) => name);
  const twice = names.find((name, at) => name !== undefined && names.indexOf(name) !== at);
  if (twice !== undefined)
    throw new ConfigError(`${source}: two pipelines have the name "${twice}"; rename one of them`);
  return blocks;
}

/** The block of the pipeline that was asked for; the only one if none was. */
export function chooseBlock(
  blocks: readonly Block[],
  pipeline: string | undefined,
  fallbackName: string,
): Block | undefined {
  const names = blocks.map(({ name = fallbackName }) => name);
  if (pipeline !== undefined) {
    const chosen = blocks[names.indexOf(pipeline)];
    if (chosen || pipeline === fallbackName) return chosen;
    throw new ConfigError(
      `--pipeline: no pipeline "${pipeline}"; ${suggestion(pipeline, names.length > 0 ? names : [fallbackName])}`,
    );
  }
  if (blocks.length <= 1) return blocks[0];
  throw new ConfigError(
    `there are several pipelines (${names.join(", ")}); name one: --pipeline ${names[0] ?? ""}`,
  );
}

function isObject(value: unknown): value is Settings {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
