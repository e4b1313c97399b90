import { readConfiguration } from "../configuration.ts";
import { ConfigError } from "../core/errors.ts";
import type { ReadOptions, Source, SourceContext, Stream } from "../core/source.ts";
import { newTransfer } from "../core/transfer.ts";
import type { Pipeline } from "../destination/destination.ts";
import { sourceNames } from "../sources/registry.ts";
import type { Terminal } from "../terminal/terminal.ts";
import type { Flags } from "./flags.ts";

/** A command as it was called. */
export interface Invocation {
  readonly source: Source;
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
}

export const defaultDestination = "sqlite:./warehouse.db";

/** Reads the configuration and makes the streams; nothing is connected to yet. */
export async function configure({
  source,
  flags,
  terminal,
  signal,
}: Invocation): Promise<ConfiguredSource> {
  const { env } = process;
  const { concurrency } = flags;
  const configuration = await readConfiguration({
    source,
    sourceNames,
    env,
    ...(flags.config === undefined ? {} : { path: flags.config }),
    ...(concurrency === undefined ? {} : { overrides: { concurrency } }),
  });
  terminal.hide(configuration.secrets);
  const { config, pipeline } = configuration;
  const context: SourceContext = { log: terminal.log, transfer: newTransfer(), signal };
  const destination =
    flags.destination ??
    (env["RIVULET_DESTINATION"] || configuration.destination) ??
    defaultDestination;
  return {
    config,
    context,
    streams: selected(source.streams(config, context), flags.streams),
    pipeline: { name: pipeline, identity: source.identity(config) },
    destination,
  };
}

/** What reading needs besides the checkpoints. */
export function readOptions({
  terminal,
  signal,
  flags,
}: Invocation): Omit<ReadOptions, "checkpoints"> {
  const fullRefresh = flags["full-refresh"] === true;
  return { startedAt: new Date(), fullRefresh, signal, log: terminal.log };
}

function selected(
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
