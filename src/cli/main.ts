import yargs, { type Argv } from "yargs";
import { extractConnectorFlags } from "../connector/connector-flag.ts";
import type { TargetConnector } from "../connector/connector.ts";
import type { ExternalConnectors } from "../connector/external-connectors.ts";
import { ConfigError, messageOf } from "../core/errors.ts";
import { newRedactor } from "../core/redact.ts";
import { programVersion } from "../core/version.ts";
import { visibleText } from "../core/visible-text.ts";
import { sourceNames } from "../sources/registry.ts";
import {
  bundledSource,
  externalSource,
  reservedNames,
  standalone,
  type CommandSet,
} from "./command-set.ts";
import { integrationCommands, targetCommands } from "./connector-commands.ts";
import {
  argumentNames,
  commandName,
  commandOf,
  readCommandCall,
  terminalFlags,
  UsageError,
  type ParsedArguments,
  type Program,
} from "./command-call.ts";
import { exitStatusOfError } from "./invocation/exit-status.ts";
import { flagNames, flagOptions, rejectSwitchValues, type Flags } from "./invocation/flags.ts";
import { plainArguments } from "./invocation/plain-arguments.ts";
import { invokedName } from "./invoked-name.ts";
import { programCommands } from "./program-commands.ts";
import { runCommand } from "./run-command.ts";
import type { Command } from "./source-commands.ts";
import type { TerminalOptions } from "./terminal/terminal.ts";

/** Runs the program `bin`. With `source`, every command operates on that bundled source. */
export async function main(bin: string, given: readonly string[], source?: string): Promise<void> {
  const name = invokedName(bin);
  const args = plainArguments(given);
  try {
    if (source === undefined) await runWithExternalConnectors(name, args);
    else
      await parseAndRun(
        addCommands(newProgram(name, args), { name, wordCount: 0 }, bundledSource(source)),
        { name, args },
      );
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const message = visibleText(newRedactor([])(error.message));
    const help =
      error instanceof UsageError
        ? `usage: ${error.usage} (see ${commandOf(error.usage)} --help)\n`
        : "";
    process.stderr.write(`${message}\n${help}`);
    process.exitCode = exitStatusOfError(error);
  }
}

async function runWithExternalConnectors(
  programName: string,
  args: readonly string[],
): Promise<void> {
  const { names, rest } = extractConnectorFlags(args);
  const name = [programName, ...names.map((connector) => `--connector ${connector}`)].join(" ");
  const argv = newProgram(name, rest).option("connector", connectorOption);
  const connectors = await loadExternal(names);
  const { source, target, integration } = connectors;
  const program = { name, wordCount: 0 };
  if (source) addCommands(argv, program, externalSource(source, connectors));
  else if (integration) addCommands(argv, program, standalone(integration, integrationCommands));
  else addSourceCommands(argv, name, target);
  await parseAndRun(argv, { name, args: rest });
}

const connectorOption = {
  type: "string",
  describe: "External connector: a file such as ./my-connector.js, or an npm package",
} as const;

async function loadExternal(names: readonly string[]): Promise<ExternalConnectors> {
  if (names.length === 0) return {};
  const { loadExternalConnectors } = await import("../connector/external-connectors.ts");
  return await loadExternalConnectors(names, { folder: process.cwd(), reservedNames });
}

async function parseAndRun(
  argv: Argv,
  { name, args }: { readonly name: string; readonly args: readonly string[] },
): Promise<void> {
  try {
    rejectSwitchValues(args);
    await argv.parseAsync();
  } catch (error) {
    if (!(error instanceof ConfigError) || error instanceof UsageError) throw error;
    throw new UsageError(error.message, `${name} [command] [options]`);
  }
}

function newProgram(name: string, args: readonly string[]): Argv {
  return yargs([...args])
    .scriptName(name)
    .parserConfiguration({
      "camel-case-expansion": false,
      "dot-notation": false,
      "parse-positional-numbers": false,
      "strip-aliased": true,
    })
    .options(flagOptions(terminalFlags))
    .help()
    .alias("help", "h")
    .version("version", "Show the version", programVersion)
    .alias("version", "v")
    .wrap(Math.min(process.stdout.isTTY ? process.stdout.columns : 100, 100))
    .fail((message: string | null, error: Error | undefined) => {
      if (error && error.name !== "YError") throw error;
      throw new ConfigError(message ?? messageOf(error), { cause: error });
    });
}

function addSourceCommands(argv: Argv, name: string, target?: TargetConnector): void {
  const program = { name, wordCount: 0 };
  const commandNames = [...sourceNames, "demo", ...programCommands.map(commandName)];
  const readProgramFlags = (parsed: ParsedArguments, usage: string): Flags =>
    readCommandCall(parsed, { program, command: { usage, flags: [] }, commandNames });
  declareFlags(argv, [])
    .usage(
      `${name} <source> [command]\n\nCopies the data that SaaS tools hold about your models and users into a SQL database that you own.`,
    )
    .command("demo", "Sync local emulators of the services into demo.db", {}, async (parsed) => {
      const flags = readProgramFlags(parsed, "demo");
      await runCommand(
        async (context) => {
          const { demoCommand } = await import("./commands/demo.ts");
          return await demoCommand({ ...context, program: name });
        },
        terminalOptionsOf({ "log-format": "pretty", ...flags }),
      );
    })
    .command("$0", false, {}, (parsed) => {
      readProgramFlags(parsed, "$0");
      throw new ConfigError(`name a source (${sourceNames.join(", ")}) or a command`);
    });
  addAll(argv, program, standalone(undefined, programCommands));
  if (target) addAll(argv, program, standalone(target, targetCommands));
  for (const source of sourceNames) {
    const sourceProgram = { name: `${name} ${source}`, wordCount: 1 };
    argv.command(source, `Sync ${source}; see ${sourceProgram.name} --help`, (inner: Argv) =>
      addCommands(inner, sourceProgram, bundledSource(source, target)),
    );
  }
}

function addCommands<Subject>(argv: Argv, program: Program, set: CommandSet<Subject>): Argv {
  const [defaultCommand] = set.commands;
  declareFlags(argv, defaultCommand?.flags ?? []).usage(`${program.name} [command]`);
  addAll(argv, program, set);
  return argv;
}

/**
 * Declares every flag to yargs: it must know which ones take a value to find a command that
 * follows them. Whether a command accepts a flag is checked later.
 */
function declareFlags(argv: Argv, visible: readonly string[]): Argv {
  const declared = flagOptions(terminalFlags);
  for (const [name, option] of Object.entries(flagOptions(flagNames))) {
    if (name in declared) continue;
    // Without its letter: the command declares it, and help would show it twice.
    const { type, describe } = option;
    argv.option(name, { type, describe, global: false, hidden: !visible.includes(name) });
  }
  return argv;
}

function addAll<Subject>(argv: Argv, program: Program, set: CommandSet<Subject>): void {
  for (const command of set.commands) addCommand(argv, { ...command, program, set });
}

function addCommand<Subject>(
  argv: Argv,
  command: Command<Subject> & { readonly program: Program; readonly set: CommandSet<Subject> },
): void {
  const { usage, summary, flags, examples, program, set } = command;
  const commandNames = set.commands.map(commandName);
  argv.command(
    usage,
    summary,
    (inner: Argv) => {
      for (const [line, description] of examples)
        inner.example(line.replaceAll("$0", program.name), description);
      if (argumentNames(command).includes("projects"))
        inner.positional("projects", projectsArgument);
      return inner.options(flagOptions(flags)).string(argumentNames(command));
    },
    async (parsed) => {
      const given = readCommandCall(parsed, { program, command, commandNames });
      await runCommand(async (context) => {
        const run = await command.load();
        const loaded = await set.load();
        return await run({ ...context, ...loaded, program: program.name, flags: given });
      }, terminalOptionsOf(given));
    },
  );
}

const projectsArgument = {
  type: "string",
  array: true,
  describe: "Projects to copy, each as ENTITY/PROJECT",
} as const;

function terminalOptionsOf({
  "log-format": format = process.stderr.isTTY ? "pretty" : "json",
  "log-level": level = "info",
  quiet,
  verbose,
}: Flags): TerminalOptions {
  const detail = verbose === true ? "debug" : level;
  return { format, level: quiet === true ? "warning" : detail };
}
