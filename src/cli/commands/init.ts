import { confirm, input, password } from "@inquirer/prompts";
import {
  checkWritable,
  defaultConfigPath,
  readSettings,
  writeSettings,
} from "../../configuration/configuration-file.ts";
import { type Settings } from "../../configuration/parse-settings.ts";
import { fillSettings } from "../../configuration/fill-settings.ts";
import {
  checkSettings,
  configFields,
  formatProblem,
  secretsOf,
} from "../../configuration/check-settings.ts";
import { hasTopLevelSettings, mergeSettings } from "../../configuration/sections.ts";
import { configProperties } from "../../connector/config-properties.ts";
import { ConfigError, messageOf } from "../../core/errors.ts";
import { namesIn } from "../../core/redact.ts";
import { newRequestStats } from "../../core/request-stats.ts";
import { visibleText } from "../../core/visible-text.ts";
import { exitStatus, exitStatusOfError, Interrupted } from "../invocation/exit-status.ts";
import { defaultDestination, type Invocation } from "../invocation/invocation.ts";

/**
 * `init`: asks for the settings of the source, tests them, and writes a configuration file that
 * only its owner can read.
 */
export async function initCommand(invocation: Invocation): Promise<number> {
  try {
    return await askAndWrite(invocation);
  } catch (error) {
    // No message after Ctrl-C at a question: it is clear that nothing was written.
    if (!(error instanceof Error) || !/^(Exit|Abort)PromptError$/.test(error.name)) throw error;
    const { signal } = invocation;
    return exitStatusOfError(signal.aborted ? signal.reason : new Interrupted("SIGINT"));
  }
}

async function askAndWrite(invocation: Invocation): Promise<number> {
  const { source, flags, program, terminal, signal } = invocation;
  const path = flags.config ?? defaultConfigPath;
  if (!process.stdin.isTTY)
    throw new ConfigError(
      "init: standard input is not a terminal; run it in one, or write the file by hand",
    );
  await checkWritable(path);
  const existing = (await readSettings(path)) ?? {};
  const isConfigured = source.name in existing || hasTopLevelSettings(source, existing);
  if (isConfigured && flags.force !== true) {
    const message = `${path} already configures ${source.name}. Replace it?`;
    if (!(await confirm({ message, default: false }, { signal }))) return exitStatus.completed;
  }
  const settings = await askForValidSettings(invocation);
  // Not asked if one is configured: the question would show its password.
  const destination =
    existing["destination"] ??
    (await input({ message: "Destination", default: defaultDestination }, { signal }));
  await writeSettings(path, { destination, ...mergeSettings(source, existing, settings) });
  terminal.print(`wrote ${path}; next: ${program}`);
  return exitStatus.completed;
}

/** Asks until the login works. Throws the last error if the user gives up. */
async function askForValidSettings(invocation: Invocation): Promise<Settings> {
  const { source, terminal, signal } = invocation;
  for (;;) {
    const settings = await askForSettings(invocation);
    const secrets = secretsOf(source, settings);
    terminal.hideSecrets(secrets, namesIn(settings, secrets));
    try {
      const filled = fillSettings(source, settings, process.env);
      const { config, problems } = checkSettings(source, filled.settings);
      if (problems.length > 0)
        throw new ConfigError(problems.map((problem) => formatProblem(problem)).join("; "));
      const { log } = terminal;
      await source.check(config, { log, transfer: newRequestStats(), signal, env: process.env });
      terminal.print("Login works");
      return settings;
    } catch (error) {
      signal.throwIfAborted();
      const problem = visibleText(messageOf(error));
      terminal.printStyled(`${terminal.color.red("Login failed")}: ${problem}`);
      if (!(await confirm({ message: "Try again?", default: true }, { signal }))) throw error;
    }
  }
}

/**
 * Asks for each key that an environment variable can set: these are the ones that people usually
 * need. Proposes what the environment or the service's own client has; a setting left at the
 * source's default is undefined.
 */
async function askForSettings({ source, signal }: Invocation): Promise<Settings> {
  const fields = configFields(source);
  const known = fillSettings(source, {}, process.env).settings;
  const settings: Record<string, string | undefined> = {};
  for (const { name, default_value } of configProperties(source)) {
    const { description, secret, env = [] } = fields[name] ?? {};
    if (env.length === 0) continue;
    const message = `${name}: ${description ?? ""}`;
    const found = known[name];
    const proposed = typeof found === "string" ? found : default_value;
    const answer =
      secret === true
        ? await password({ message, mask: true }, { signal })
        : await input({ message, default: proposed }, { signal });
    const isDefault = answer.trim() === default_value && proposed === default_value;
    settings[name] = isDefault || answer.trim() === "" ? undefined : answer.trim();
  }
  return settings;
}
