import {
  defaultConfigPath,
  expandVariables,
  readSettings,
} from "../../configuration/configuration-file.ts";
import { ConfigError } from "../../core/errors.ts";
import { suggestion } from "../../core/suggestion.ts";
import { newRequestStats } from "../../core/request-stats.ts";
import { openDestination } from "../../destination/open.ts";
import { exitStatusOfSync } from "../invocation/exit-status.ts";
import { runTarget } from "../../singer/run-target.ts";
import { withMetrics } from "../../metrics/with-metrics.ts";
import { readStandardInput } from "../../singer/standard-input.ts";
import { sourceNames } from "../../sources/registry.ts";
import type { Summary } from "../../engine/sync.ts";
import { showSummary } from "../terminal/summary.ts";
import type { Terminal } from "../terminal/terminal.ts";
import type { Flags } from "../invocation/flags.ts";
import { defaultDestination, type Invocation } from "../invocation/invocation.ts";

/** The target as it was called: it has no source. */
export type TargetInvocation = Invocation<undefined>;

/** Writes what a Singer tap sends to standard input. Each STATE goes to standard output once all that came before it is stored. */
export async function targetCommand(invocation: TargetInvocation): Promise<number> {
  return await loadStandardInput(invocation, { open: openDestination, sections: sourceNames });
}

export interface LoadStandardInputOptions {
  /** Opens where it is written to. */
  readonly open: typeof openDestination;
  /** What else may be in the configuration file. */
  readonly sections: readonly string[];
}

/** Writes what a Singer tap sends to standard input to some place. */
export async function loadStandardInput(
  invocation: Pick<Invocation, "terminal" | "signal" | "flags">,
  { open, sections }: LoadStandardInputOptions,
): Promise<number> {
  const { terminal, signal, flags } = invocation;
  const { log } = terminal;
  const { "metrics-port": port, "metrics-file": file } = flags;
  return await withMetrics({ side: "export", port, file, log, signal }, async (watcher) => {
    const { url, pipeline } = await readTargetSettings(flags, sections);
    await using destination = await open(url, { log, signal, thread: true });
    await using session = await destination.lock({ name: pipeline });
    const transfer = newRequestStats();
    const summary = await runTarget({
      session: await watcher.observe(session, { destination, pipeline, transfer }),
      pipeline,
      signal,
      log,
      input: readStandardInput,
      onState: (state) => process.stdout.write(`${state}\n`),
      startedAt: new Date(),
    });
    if (flags.quiet !== true) showTargetSummary(summary, terminal, destination.label);
    return exitStatusOfSync(summary.status);
  });
}

interface Settings {
  readonly url: string;
  readonly pipeline: string;
}

const targetKeys = ["destination", "pipeline"] as const;

/** The pipeline of a file that is there by default is that of its source. */
async function readTargetSettings(flags: Flags, sections: readonly string[]): Promise<Settings> {
  const { env } = process;
  const path = flags.config ?? defaultConfigPath;
  const found = await readSettings(path);
  if (!found && flags.config !== undefined)
    throw new ConfigError(
      `${path}: no such file; make one: {"destination": "sqlite:./warehouse.db"}`,
    );
  const problems: string[] = [];
  const { destination, pipeline, ...others } = found ?? {};
  const own = expandVariables({ destination, pipeline }, "", { env, problems }) as Record<
    string,
    unknown
  >;
  for (const [key, value] of Object.entries(own))
    if (typeof value !== "string") problems.push(`${key}: expected text`);
  if (flags.config !== undefined) problems.push(...unknownKeys(Object.keys(others), sections));
  if (problems.length > 0) throw new ConfigError(`${path}: ${problems.join("; ")}`);
  const fromFile = flags.config === undefined ? undefined : own["pipeline"];
  return {
    url:
      flags.destination ??
      (env["RIVULET_DESTINATION"] || asText(own["destination"])) ??
      defaultDestination,
    pipeline: flags.pipeline ?? asText(fromFile) ?? "target",
  };
}

function unknownKeys(keys: readonly string[], sections: readonly string[]): string[] {
  return keys
    .filter((key) => !sections.includes(key))
    .map((key) => `${key}: unknown key; ${suggestion(key, targetKeys)}`);
}

function asText(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** Standard output is for states alone. */
function showTargetSummary(summary: Summary, terminal: Terminal, label: string): void {
  const print =
    terminal.format === "json"
      ? () => undefined
      : (text: string) => process.stderr.write(`${text}\n`);
  showSummary(summary, { ...terminal, print }, label);
}
