import yargs, { type Argv } from "yargs";
import type { Command } from "./source-commands.ts";
import { integrationCommands, targetCommands } from "./connector-commands.ts";
import {
  flagNames,
  flagOptions,
  readFlags,
  rejectSwitchValues,
  type Flags,
} from "./invocation/flags.ts";
import { programCommands } from "./program-commands.ts";
import {
  standalone,
  bundledSource,
  externalSource,
  reservedNames,
  type CommandSet,
} from "./command-set.ts";
import type { ExternalConnectors } from "../connector/external-connectors.ts";
import type { TargetConnector } from "../connector/connector.ts";
import { extractConnectorFlags } from "../connector/connector-flag.ts";
import { ConfigError, messageOf } from "../core/errors.ts";
import { suggestion } from "../core/suggestion.ts";
import { newRedactor } from "../core/redact.ts";
import { exitStatusOfError } from "./invocation/exit-status.ts";
import { runCommand, type View } from "./run-command.ts";
import { sourceNames } from "../sources/registry.ts";
import { version } from "./invocation/version.ts";

/** What was called: `rivulet`, `rivulet opik` or `opik-sync`, and how many words of the command line that takes. */
interface Program {
  readonly name: string;
  readonly wordCount: number;
}

/** Flags of every command. */
const terminalFlags = ["log-format", "log-level", "quiet"] as const;

/** Runs the program `name` with these arguments; a source given is the one that all commands are about. */
export async function main(name: string, args: readonly string[], source?: string): Promise<void> {
  try {
    if (source === undefined) await runWithExternalConnectors(name, args);
    else
      await parseAndRun(
        addCommands(newProgram(name, args), { name, wordCount: 0 }, bundledSource(source)),
        args,
      );
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${newRedactor([])(error.message)} (see ${name} --help)\n`);
    process.exitCode = exitStatusOfError(error);
  }
}

async function runWithExternalConnectors(called: string, args: readonly string[]): Promise<void> {
  const { names, rest } = extractConnectorFlags(args);
  const name = [called, ...names.map((connector) => `--connector ${connector}`)].join(" ");
  const argv = newProgram(name, rest).option("connector", connectorOption);
  const outside = await loadExternal(names);
  const { source, target, integration } = outside;
  const program = { name, wordCount: 0 };
  if (source) addCommands(argv, program, externalSource(source, outside));
  else if (integration) addCommands(argv, program, standalone(integration, integrationCommands));
  else addSourceCommands(argv, name, target);
  await parseAndRun(argv, rest);
}

const connectorOption = {
  type: "string",
  describe: "A connector from outside: a file such as ./my-connector.js, or an npm package",
} as const;

async function loadExternal(names: readonly string[]): Promise<ExternalConnectors> {
  if (names.length === 0) return {};
  const { loadExternalConnectors } = await import("../connector/external-connectors.ts");
  return await loadExternalConnectors(names, { folder: process.cwd(), reservedNames });
}

async function parseAndRun(argv: Argv, args: readonly string[]): Promise<void> {
  rejectSwitchValues(args);
  await argv.parseAsync();
}

function newProgram(name: string, args: readonly string[]): Argv {
  return yargs([...args])
    .scriptName(name)
    .parserConfiguration({
      "camel-case-expansion": false,
      "dot-notation": false,
      "parse-positional-numbers": false,
    })
    .options(flagOptions(terminalFlags))
    .help()
    .version("version", "Show the version", version())
    .wrap(Math.min(process.stdout.isTTY ? process.stdout.columns : 100, 100))
    .fail((message: string | null, error: Error | undefined) => {
      if (error && error.name !== "YError") throw error;
      throw new ConfigError(message ?? messageOf(error), { cause: error });
    });
}

function addSourceCommands(argv: Argv, name: string, target?: TargetConnector): void {
  const program = { name, wordCount: 0 };
  const words = [...sourceNames, "demo", ...programCommands.map(commandName)];
  const read = (given: ParsedArguments, usage: string): Flags =>
    readCommandFlags(given, { program, command: { usage, flags: [] }, commandNames: words });
  declareFlags(argv, [])
    .usage(
      `${name} <source> [command]\n\nCopies what SaaS services hold about your models and users into a SQL database.`,
    )
    .command("demo", "Sync bundled stand-in services into demo.db, for real", {}, async (given) => {
      const view = terminalOptionsOf({ "log-format": "pretty", ...read(given, "demo") });
      await runCommand(async (shell) => {
        const { demoCommand } = await import("./commands/demo.ts");
        return await demoCommand(shell);
      }, view);
    })
    .command("$0", false, {}, (given) => {
      read(given, "$0");
      throw new ConfigError(`name a source (${sourceNames.join(", ")}) or a command`);
    });
  const general = standalone(undefined, programCommands);
  for (const command of programCommands)
    addCommand(argv, { ...command, program, subject: general });
  if (target) {
    const subject = standalone(target, targetCommands);
    for (const command of subject.commands) addCommand(argv, { ...command, program, subject });
  }
  for (const source of sourceNames) {
    const own = `${name} ${source}`;
    argv.command(source, `Sync ${source}; see ${own} --help`, (inner: Argv) =>
      addCommands(inner, { name: own, wordCount: 1 }, bundledSource(source, target)),
    );
  }
}

function addCommands<About>(argv: Argv, program: Program, subject: CommandSet<About>): Argv {
  const [first] = subject.commands;
  declareFlags(argv, first?.flags ?? []).usage(`${program.name} [command]`);
  for (const command of subject.commands) addCommand(argv, { ...command, program, subject });
  return argv;
}

/** Tells yargs which flags take a value, so that it finds the command behind them; the command says which ones it has. */
function declareFlags(argv: Argv, shown: readonly string[]): Argv {
  const everywhere = flagOptions(terminalFlags);
  for (const [name, option] of Object.entries(flagOptions(flagNames))) {
    if (name in everywhere) continue;
    argv.option(name, { ...option, global: false, hidden: !shown.includes(name) });
  }
  return argv;
}

function addCommand<About>(
  argv: Argv,
  command: Command<About> & { readonly program: Program; readonly subject: CommandSet<About> },
): void {
  const { usage, summary, flags, examples, program, subject } = command;
  const words = subject.commands.map(commandName);
  argv.command(
    usage,
    summary,
    (inner: Argv) => {
      for (const [line, what] of examples) inner.example(line.replaceAll("$0", program.name), what);
      return inner.options(flagOptions(flags)).string(argumentNames(command));
    },
    async (given) => {
      const read = readCommandFlags(given, { program, command, commandNames: words });
      await runCommand(async (shell) => {
        const run = await command.load();
        return await run({ ...shell, ...(await subject.load()), flags: read });
      }, terminalOptionsOf(read));
    },
  );
}

/** What yargs found. */
type ParsedArguments = Readonly<Record<string, unknown>>;

interface CommandCall {
  readonly program: Program;
  readonly command: Pick<Command, "usage" | "flags">;
  /** What may stand in the place of the command. */
  readonly commandNames: readonly string[];
}

/** The flags and arguments of a command, once nothing is left over. */
function readCommandFlags(
  given: ParsedArguments,
  { program, command, commandNames }: CommandCall,
): Flags {
  const [first, ...rest] = (given["_"] as readonly string[]).slice(program.wordCount);
  const surplus = first === commandName(command) ? rest[0] : first;
  if (surplus !== undefined)
    throw new ConfigError(`unexpected "${surplus}"; ${suggestion(surplus, commandNames)}`);
  return readFlags(given, {
    flags: [...terminalFlags, ...command.flags],
    argumentNames: argumentNames(command),
  });
}

/** `state` of `state <action> [argument]`. */
function commandName({ usage }: Pick<Command, "usage">): string {
  return [usage].flat()[0]?.split(" ")[0] ?? "";
}

function argumentNames({ usage }: Pick<Command, "usage">): string[] {
  return [...String([usage].flat()[0]).matchAll(/[<[](\w+)/g)].map(([, name = ""]) => name);
}

function terminalOptionsOf({
  "log-format": given,
  "log-level": level = "info",
  quiet,
}: Flags): View {
  const format = given ?? (process.stderr.isTTY ? "pretty" : "json");
  return { format, level: quiet === true ? "warning" : level };
}
