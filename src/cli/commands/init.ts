import { confirm, input, password } from "@inquirer/prompts";
import {
  checkSettings,
  configFields,
  hasTopLevelSettings,
  secretsOf,
  formatProblem,
  fillFromEnvironment,
  mergeSettings,
} from "../../configuration/configuration.ts";
import {
  checkWritable,
  defaultConfigPath,
  readSettings,
  writeSettings,
} from "../../configuration/configuration-file.ts";
import type { Settings } from "../../configuration/configuration-file.ts";
import { ConfigError, messageOf } from "../../core/errors.ts";
import { newRequestStats } from "../../core/request-stats.ts";
import { exitStatus, exitStatusOfError, Interrupted } from "../invocation/exit-status.ts";
import { configProperties } from "../../connector/config-properties.ts";
import { defaultDestination, type Invocation } from "../invocation/invocation.ts";

/** Asks for what the source needs, proves it against the service, and writes a configuration that only its owner can read. */
export async function initCommand(invocation: Invocation): Promise<number> {
  try {
    return await askAndWrite(invocation);
  } catch (error) {
    // Who presses Ctrl-C at a question knows that nothing was written.
    if (!(error instanceof Error) || !/^(Exit|Abort)PromptError$/.test(error.name)) throw error;
    const { signal } = invocation;
    return exitStatusOfError(signal.aborted ? signal.reason : new Interrupted("SIGINT"));
  }
}

async function askAndWrite(invocation: Invocation): Promise<number> {
  const { source, flags, terminal, signal } = invocation;
  const path = flags.config ?? defaultConfigPath;
  if (!process.stdin.isTTY)
    throw new ConfigError(
      "init: asks questions, and standard input is no terminal; write the file by hand",
    );
  await checkWritable(path);
  const existing = (await readSettings(path)) ?? {};
  const isThere = source.name in existing || hasTopLevelSettings(source, existing);
  if (isThere && flags.force !== true) {
    const message = `${path} already configures ${source.name}. Replace it?`;
    if (!(await confirm({ message, default: false }, { signal }))) return exitStatus.completed;
  }
  const settings = await askForValidSettings(invocation);
  // One that is there is kept: it may hold a password, which a question would show.
  const destination =
    existing["destination"] ??
    (await input({ message: "Destination", default: defaultDestination }, { signal }));
  await writeSettings(path, { destination, ...mergeSettings(source, existing, settings) });
  terminal.print(`wrote ${path}; next: ${source.name}-sync`);
  return exitStatus.completed;
}

/** Asks until the service accepts the answers, or the person gives up. */
async function askForValidSettings(invocation: Invocation): Promise<Settings> {
  const { source, terminal, signal } = invocation;
  for (;;) {
    const settings = await askForSettings(invocation);
    terminal.hideSecrets(secretsOf(source, settings));
    try {
      const filled = fillFromEnvironment(source, settings, process.env);
      const { config, problems } = checkSettings(source, filled);
      if (problems.length > 0)
        throw new ConfigError(problems.map((problem) => formatProblem(problem)).join("; "));
      await source.check(config, { log: terminal.log, transfer: newRequestStats(), signal });
      terminal.print("the service accepts this");
      return settings;
    } catch (error) {
      signal.throwIfAborted();
      terminal.print(`${terminal.color.red("not accepted")}: ${messageOf(error)}`);
      if (!(await confirm({ message: "Try again?", default: true }, { signal }))) throw error;
    }
  }
}

/** One question for each key that people usually set: those with a fall-back in the environment. What is left open is undefined. */
async function askForSettings({ source, signal }: Invocation): Promise<Settings> {
  const fields = configFields(source);
  const given: Record<string, string | undefined> = {};
  for (const { name, default_value } of configProperties(source)) {
    const { description, secret, env = [] } = fields[name] ?? {};
    if (env.length === 0) continue;
    const message = `${name}: ${description ?? ""}`;
    const answer =
      secret === true
        ? await password({ message, mask: true }, { signal })
        : await input({ message, default: default_value }, { signal });
    given[name] = [default_value, ""].includes(answer.trim()) ? undefined : answer.trim();
  }
  return given;
}
