import { defaultConfigPath } from "../../configuration/configuration-file.ts";
import { readConfiguration, type Configuration } from "../../configuration/configuration.ts";
import { loadEnvironmentFiles } from "../../configuration/environment-file.ts";
import { openingOf } from "../../configuration/general-settings.ts";
import type { Configurable, TargetConnector } from "../../connector/connector.ts";
import { isInstalledConnector } from "../../connector/installed-connector.ts";
import type { ConfiguredTarget } from "../../connector/target-session.ts";
import type { Pipeline } from "../../core/destination.ts";
import { ConfigError } from "../../core/errors.ts";
import { namesIn } from "../../core/redact.ts";
import { suggestion } from "../../core/suggestion.ts";
import { newRequestStats } from "../../core/request-stats.ts";
import type { ReadOptions, Source, SourceContext, Stream } from "../../core/source.ts";
import type { OpenOptions } from "../../destination/open.ts";
import { serviceNames, sourceNames } from "../../sources/registry.ts";
import type { Terminal } from "../terminal/terminal.ts";
import type { Flags } from "./flags.ts";
import { describeOrigins } from "./origins.ts";
import { flagsByKey, setupRemedy, typedSettings } from "./setting-flags.ts";

/** A command with what it operates on and its flags. */
export interface Invocation<Subject = Source> {
  /**
   * The source, or an external connector that runs without one; `undefined` for `rivulet target`.
   */
  readonly source: Subject;
  /** Receives the rows instead of the destination, which then holds only the state. */
  readonly target?: TargetConnector;
  readonly flags: Flags;
  /** The program as it was called: `rivulet wandb` or `wandb-sync`. */
  readonly program: string;
  readonly terminal: Terminal;
  /** Aborted when a person, or the system, asks the program to stop. */
  readonly signal: AbortSignal;
}

/** What a command needs besides its source and flags. */
export type CommandContext = Pick<Invocation, "terminal" | "signal">;

/** A source with its parsed configuration, and where it is copied to. */
export interface ConfiguredSource {
  readonly config: unknown;
  readonly context: SourceContext;
  /** The selected streams, in the order of the source. */
  readonly streams: readonly Stream[];
  readonly pipeline: Pipeline;
  /** URL of the destination. */
  readonly destination: string;
  /** Where the settings come from, if not all of them are in the file. */
  readonly origins?: string | undefined;
  /** How to open it. */
  readonly openOptions: OpenOptions;
  /** Receives the rows instead of the destination. */
  readonly target?: ConfiguredTarget;
}

/** URL of the destination that is used if nothing else is configured. */
export const defaultDestination = "sqlite:./warehouse.db";

/** What a command needs of a configuration. */
interface Needs {
  /** It only looks at the destination, so that the service's key need not be there. */
  readonly isOffline?: boolean;
}

/** Reads the configuration and declares the streams. Connects to nothing. */
export async function configure(
  invocation: Invocation,
  needs: Needs = {},
): Promise<ConfiguredSource> {
  const { source, flags } = invocation;
  const { configuration, context } = await configureConnector(invocation, needs);
  const { config, pipeline } = configuration;
  const { destination = defaultDestination } = configuration;
  const target = await configureTarget(invocation);
  return {
    config,
    context,
    streams: selectStreams(source.streams(config, context), flags.streams),
    pipeline: pipelineOf({ name: pipeline, identity: source.identity(config) }, target),
    destination,
    origins: describeOrigins(configuration),
    openOptions: { ...context, ...openingOf(configuration) },
    ...(target ? { target } : {}),
  };
}

/** Reads the configuration of a source or of any other connector, and hides its secrets. */
export async function configureConnector(
  invocation: Invocation<Configurable>,
  { isOffline = false }: Needs = {},
): Promise<{
  readonly configuration: Configuration;
  readonly context: SourceContext;
}> {
  const { source, target, flags, program, terminal, signal } = invocation;
  loadEnvironmentFiles(flags.config ?? defaultConfigPath, process.env);
  const configuration = await readConfiguration({
    source,
    sourceNames: [...sourceNames, ...(target ? [target.name] : [])],
    isConnector,
    env: process.env,
    ...(serviceNames.includes(source.name) ? { remedy: setupRemedy(program, source.name) } : {}),
    ...(flags.config === undefined ? {} : { path: flags.config }),
    pipeline: flags.pipeline,
    typed: typedSettings(source, flags),
    flags: flagsByKey(source.name),
    isOffline,
    destination: { flag: flags.destination, variable: process.env["RIVULET_DESTINATION"] },
  });
  const { config, secrets } = configuration;
  terminal.hideSecrets(secrets, namesIn(config, secrets));
  if (configuration.warning !== undefined) terminal.log.warning(configuration.warning);
  const { log } = terminal;
  const context = { log, transfer: newRequestStats(), signal, env: process.env };
  return { configuration, context };
}

/** The file may have sections of connectors that this command does not load. */
function isConnector(name: string): boolean {
  return isInstalledConnector(name, process.cwd());
}

async function configureTarget(invocation: Invocation): Promise<ConfiguredTarget | undefined> {
  const { target: connector, source, terminal, flags } = invocation;
  if (!connector) return undefined;
  const { config, secrets } = await readConfiguration({
    source: connector,
    sourceNames: [...sourceNames, source.name],
    isConnector,
    env: process.env,
    ...(flags.config === undefined ? {} : { path: flags.config }),
  });
  terminal.hideSecrets(secrets, namesIn(config, secrets));
  return { connector, config };
}

/** A source copied to a target is a pipeline of its own, one per target. */
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

/** The options of `Stream.read()`, except for the checkpoints. */
export function readOptionsOf({
  terminal,
  signal,
  flags,
}: Pick<Invocation, "terminal" | "signal" | "flags">): Omit<ReadOptions, "checkpoints"> {
  return {
    startedAt: new Date(),
    fullRefresh: flags["full-refresh"] === true,
    allowMassDeletion: flags["allow-mass-deletion"] === true,
    signal,
    log: terminal.log,
  };
}

function selectStreams(
  streams: readonly Stream[],
  selected: readonly string[] | undefined,
): readonly Stream[] {
  if (!selected) return streams;
  const names = streams.map(({ name }) => name);
  const unknown = selected.filter((name) => !names.includes(name));
  if (unknown.length > 0) {
    const [first = ""] = unknown;
    throw new ConfigError(`--streams: unknown stream "${first}"; ${streamHint(first, names)}`);
  }
  return streams.filter(({ name }) => selected.includes(name));
}

/** The stream that was probably meant: its name may have been typed in part. */
function streamHint(word: string, names: readonly string[]): string {
  const singular = word.toLowerCase().replace(/s$/, "");
  const close = names.find((name) => name.toLowerCase().includes(singular));
  return close === undefined ? suggestion(word, names) : `did you mean "${close}"?`;
}
