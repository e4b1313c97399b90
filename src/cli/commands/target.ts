import { realpath } from "node:fs/promises";
import { dirname } from "node:path";
import { defaultConfigPath, readSettings } from "../../configuration/configuration-file.ts";
import {
  generalKeys,
  openingOf,
  readGeneralSettings,
} from "../../configuration/general-settings.ts";
import { loadEnvironmentFiles } from "../../configuration/environment-file.ts";
import { ConfigError, messageOf } from "../../core/errors.ts";
import { newRequestStats } from "../../core/request-stats.ts";
import { visibleText } from "../../core/visible-text.ts";
import { suggestion } from "../../core/suggestion.ts";
import { openDestination } from "../../destination/open.ts";
import type { Summary } from "../../engine/sync.ts";
import type { Recording } from "../../metrics/metrics-options.ts";
import { withMetrics } from "../../metrics/with-metrics.ts";
import { runTarget } from "../../singer/run-target.ts";
import { readStandardInput } from "../../singer/standard-input.ts";
import { sourceNames } from "../../sources/registry.ts";
import { exitStatusOfSync } from "../invocation/exit-status.ts";
import type { Flags } from "../invocation/flags.ts";
import { defaultDestination, type Invocation } from "../invocation/invocation.ts";
import { runTargetAction } from "./target-actions.ts";
import { showSummary } from "../terminal/summary.ts";
import type { Terminal } from "../terminal/terminal.ts";

/**
 * `rivulet target`: loads the output of a Singer tap from standard input. Prints each STATE to
 * standard output once everything before it is stored.
 */
export async function targetCommand(invocation: Invocation<undefined>): Promise<number> {
  if (invocation.flags.action === undefined)
    return await loadStandardInput(invocation, { open: openDestination, sections: sourceNames });
  const { terminal, flags, signal } = invocation;
  const { url, pipeline, ...limits } = await readTargetSettings(flags, sourceNames);
  await using destination = await openDestination(url, { log: terminal.log, signal, ...limits });
  return await runTargetAction({ destination, pipeline, terminal, flags });
}

/** What a pipeline that loads a tap is called if nothing names it. */
const defaultPipeline = "target";

interface LoadStandardInputOptions {
  /** Opens the destination, or an external target. */
  readonly open: typeof openDestination;
  /** The sections that the configuration file may have besides our own keys. */
  readonly sections: readonly string[];
}

/** Loads the output of a Singer tap from standard input. Resolves to the exit status. */
export async function loadStandardInput(
  invocation: Pick<Invocation, "terminal" | "signal" | "flags">,
  { open, sections }: LoadStandardInputOptions,
): Promise<number> {
  const { terminal, signal, flags } = invocation;
  const { log } = terminal;
  const { "metrics-port": port, "metrics-file": file } = flags;
  const recorded = { source: "singer", name: flags.pipeline, defaultName: defaultPipeline };
  const metrics = { side: "export", port, file, log, signal } as const;
  const load = async (recording: Recording): Promise<number> => {
    const { url, pipeline, ...limits } = await readTargetSettings(flags, sections);
    recording.named(pipeline);
    await using destination = await open(url, { log, signal, thread: true, ...limits });
    await using session = await destination.lock({ name: pipeline });
    const transfer = newRequestStats();
    const isTerminal = process.stdout.isTTY;
    const summary = await runTarget({
      session: await recording.observe(session, { destination, transfer }),
      pipeline,
      signal,
      log,
      input: readStandardInput,
      onState: (state) => process.stdout.write(`${isTerminal ? visibleText(state) : state}\n`),
      startedAt: new Date(),
      batchFolder: await openBatchFolder(flags["batch-dir"]),
    });
    if (flags.quiet !== true) showTargetSummary(summary, terminal, destination.label);
    return exitStatusOfSync(summary);
  };
  return await withMetrics(metrics, (recorder) => recorder.record(recorded, load));
}

async function openBatchFolder(folder = process.cwd()): Promise<string> {
  try {
    return await realpath(folder);
  } catch (cause) {
    throw new ConfigError(`--batch-dir ${folder}: ${messageOf(cause)}; name a folder`, { cause });
  }
}

interface Settings {
  readonly url: string;
  readonly pipeline: string;
  readonly statementMs?: number;
  readonly keepSyncs?: number;
}

/**
 * The destination and the pipeline from flags, environment and file. The pipeline of the default
 * file is ignored: it belongs to the file's source.
 */
async function readTargetSettings(flags: Flags, sections: readonly string[]): Promise<Settings> {
  const { env } = process;
  const path = flags.config ?? defaultConfigPath;
  loadEnvironmentFiles(path, process.env);
  const root = await readSettings(path);
  if (!root && flags.config !== undefined)
    throw new ConfigError(
      `${path}: no such file; create one: {"destination": "sqlite:./warehouse.db"}`,
    );
  const problems: string[] = [];
  const general = readGeneralSettings(root ?? {}, { env, problems, folder: dirname(path) });
  const others = Object.keys(root ?? {}).filter((key) => !isGeneralKey(key));
  if (flags.config !== undefined) problems.push(...unknownKeys(others, sections));
  if (problems.length > 0) throw new ConfigError(`${path}: ${problems.join("; ")}`);
  const pipelineFromFile = flags.config === undefined ? undefined : general.pipeline;
  return {
    url:
      flags.destination ??
      (env["RIVULET_DESTINATION"] || general.destination) ??
      defaultDestination,
    pipeline: flags.pipeline ?? pipelineFromFile ?? defaultPipeline,
    ...openingOf(general),
  };
}

function unknownKeys(keys: readonly string[], sections: readonly string[]): string[] {
  return keys
    .filter((key) => !sections.includes(key))
    .map((key) => `${key}: unknown key; ${suggestion(key, generalKeys)}`);
}

function isGeneralKey(key: string): boolean {
  return generalKeys.some((known) => known === key);
}

/** Prints to standard error: standard output is reserved for states. */
function showTargetSummary(summary: Summary, terminal: Terminal, label: string): void {
  const printStyled =
    terminal.format === "json"
      ? () => undefined
      : (text: string) => process.stderr.write(`${terminal.redact(text)}\n`);
  const print = (text: string): void => {
    printStyled(visibleText(terminal.redact(text)));
  };
  showSummary(summary, { ...terminal, print, printStyled }, { label });
}
