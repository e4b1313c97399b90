import { readConfiguration, type Configuration } from "../../configuration/configuration.ts";
import type { Configurable, TargetConnector } from "../../connector/connector.ts";
import type { ConfiguredTarget } from "../../connector/target-session.ts";
import { ConfigError } from "../../core/errors.ts";
import type { ReadOptions, Source, SourceContext, Stream } from "../../core/source.ts";
import { newRequestStats } from "../../core/request-stats.ts";
import type { Pipeline } from "../../core/destination.ts";
import { sourceNames } from "../../sources/registry.ts";
import type { Terminal } from "../terminal/terminal.ts";
import type { Flags } from "./flags.ts";

/** A command as it was called. */
export interface Invocation<About = Source> {
  /** What the command is about: a source, or a connector from outside that is run without one. */
  readonly source: About;
  /** Where rows go instead of into the destination, which then keeps only the state. */
  readonly target?: TargetConnector;
  readonly flags: Flags;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
}

/** A source with its configuration, and where it is copied to. */
export interface ConfiguredSource {
  readonly config: unknown;
  readonly context: SourceContext;
  /** Those that were asked for, in the order of the source. */
  readonly streams: readonly Stream[];
  readonly pipeline: Pipeline;
  readonly destination: string;
  /** Where the rows go instead. */
  readonly target?: ConfiguredTarget;
}

export const defaultDestination = "sqlite:./warehouse.db";

/** Reads the configuration and makes the streams; nothing is connected to yet. */
export async function configure(invocation: Invocation): Promise<ConfiguredSource> {
  const { source, flags } = invocation;
  const { configuration, context } = await configureConnector(invocation);
  const { config, pipeline } = configuration;
  const destination =
    flags.destination ??
    (process.env["RIVULET_DESTINATION"] || configuration.destination) ??
    defaultDestination;
  const target = await configureTarget(invocation);
  return {
    config,
    context,
    streams: selectStreams(source.streams(config, context), flags.streams),
    pipeline: pipelineOf({ name: pipeline, identity: source.identity(config) }, target),
    destination,
    ...(target ? { target } : {}),
  };
}

/** Reads the configuration of whatever has one. */
export async function configureConnector(invocation: Invocation<Configurable>): Promise<{
  readonly configuration: Configuration;
  readonly context: SourceContext;
}> {
  const { source, target, flags, terminal, signal } = invocation;
  const { concurrency } = flags;
  const configuration = await readConfiguration({
    source,
    sourceNames: [...sourceNames, ...(target ? [target.name] : [])],
    env: process.env,
    ...(flags.config === undefined ? {} : { path: flags.config }),
    ...(concurrency === undefined ? {} : { overrides: { concurrency } }),
  });
  terminal.hideSecrets(configuration.secrets);
  return { configuration, context: { log: terminal.log, transfer: newRequestStats(), signal } };
}

async function configureTarget(invocation: Invocation): Promise<ConfiguredTarget | undefined> {
  const { target: connector, source, terminal, flags } = invocation;
  if (!connector) return undefined;
  const { config, secrets } = await readConfiguration({
    source: connector,
    sourceNames: [...sourceNames, source.name],
    env: process.env,
    ...(flags.config === undefined ? {} : { path: flags.config }),
  });
  terminal.hideSecrets(secrets);
  return { connector, config };
}

/** One pipeline for each target that a source is copied to. */
function pipelineOf(
  pipeline: { readonly name: string; readonly identity: string },
  target: ConfiguredTarget | undefined,
): Pipeline {
  if (!target) return pipeline;
  const { connector, config } = target;
  return {
    name: `${pipeline.name} to ${connector.name}`,
    identity: `${pipeline.identity} to ${connector.identity(config)}`,
  };
}

/** What reading needs besides the checkpoints. */
export function readOptionsOf({
  terminal,
  signal,
  flags,
}: Pick<Invocation, "terminal" | "signal" | "flags">): Omit<ReadOptions, "checkpoints"> {
  const fullRefresh = flags["full-refresh"] === true;
  return { startedAt: new Date(), fullRefresh, signal, log: terminal.log };
}

function selectStreams(
  streams: readonly Stream[],
  wanted: readonly string[] | undefined,
): readonly Stream[] {
  if (!wanted) return streams;
  const known = streams.map(({ name }) => name);
  const unknown = wanted.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new ConfigError(
      `--streams: unknown: ${unknown.join(", ")}; this source has ${known.join(", ")}`,
    );
  }
  return streams.filter(({ name }) => wanted.includes(name));
}

/** What a command needs besides its source and flags. */

export type CommandContext = Pick<Invocation, "terminal" | "signal">;
