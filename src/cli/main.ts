import yargs, { type Argv } from "yargs";
import type { Command } from "./source-commands.ts";
import { integrationCommands, targetCommands } from "./connector-commands.ts";
import {
  flagNames,
  flagOptions,
  readFlags,
  refuseSwitchValues,
  type Flags,
} from "./invocation/flags.ts";
import { programCommands } from "./program-commands.ts";
import { alone, builtIn, outsideSource, takenNames, type Subject } from "./command-set.ts";
import type { Outside } from "../connector/external-connectors.ts";
import type { TargetConnector } from "../connector/connector.ts";
import { takeConnectors } from "../connector/connector-flag.ts";
import { ConfigError, messageOf } from "../core/errors.ts";
import { suggestion } from "../core/suggestion.ts";
import { newRedact } from "../core/redact.ts";
import { exitStatusOf } from "./invocation/exit-status.ts";
import { runCommand, type View } from "./run-command.ts";
import { sourceNames } from "../sources/registry.ts";
import { version } from "./invocation/version.ts";

/** What was called: `rivulet`, `rivulet opik` or `opik-sync`, and how many words of the command line that takes. */
interface Program {
  readonly name: string;
  readonly words: number;
}

/** Flags of every command. */
const viewFlags = ["log-format", "log-level", "quiet"] as const;

/** Runs the program `name` with these arguments; a source given is the one that all commands are about. */
export async function main(name: string, args: readonly string[], source?: string): Promise<void> {
  try {
    if (source === undefined) await runWithConnectors(name, args);
    else await run(addCommands(newProgram(name, args), { name, words: 0 }, builtIn(source)), args);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${newRedact([])(error.message)} (see ${name} --help)\n`);
    process.exitCode = exitStatusOf(error);
  }
}

async function runWithConnectors(called: string, args: readonly string[]): Promise<void> {
  const { names, rest } = takeConnectors(args);
  const name = [called, ...names.map((connector) => `--connector ${connector}`)].join(" ");
  const argv = newProgram(name, rest).option("connector", connectorOption);
  const outside = await loadConnectors(names);
  const { source, target, integration } = outside;
  const program = { name, words: 0 };
  if (source) addCommands(argv, program, outsideSource(source, outside));
  else if (integration) addCommands(argv, program, alone(integration, integrationCommands));
  else addSources(argv, name, target);
  await run(argv, rest);
}

const connectorOption = {
  type: "string",
  describe: "A connector from outside: a file such as ./my-connector.js, or an npm package",
} as const;

async function loadConnectors(names: readonly string[]): Promise<Outside> {
  if (names.length === 0) return {};
  const { loadOutside } = await import("../connector/external-connectors.ts");
  return await loadOutside(names, { folder: process.cwd(), taken: takenNames });
}

async function run(argv: Argv, args: readonly string[]): Promise<void> {
  refuseSwitchValues(args);
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
    .options(flagOptions(viewFlags))
    .help()
    .version("version", "Show the version", version())
    .wrap(Math.min(process.stdout.isTTY ? process.stdout.columns : 100, 100))
    .fail((message: string | null, error: Error | undefined) => {
      if (error && error.name !== "YError") throw error;
      throw new ConfigError(message ?? messageOf(error), { cause: error });
    });
}

function addSources(argv: Argv, name: string, target?: TargetConnector): void {
  const program = { name, words: 0 };
  const words = [...sourceNames, "demo", ...programCommands.map(wordOf)];
  const read = (given: Given, usage: string): Flags =>
    flagsOf(given, { program, command: { usage, flags: [] }, words });
  knowFlags(argv, [])
    .usage(
      `${name} <source> [command]\n\nCopies what SaaS services hold about your models and users into a SQL database.`,
    )
    .command("demo", "Sync bundled stand-in services into demo.db, for real", {}, async (given) => {
      const view = viewOf({ "log-format": "pretty", ...read(given, "demo") });
      await runCommand(async (shell) => {
        const { demoCommand } = await import("./commands/demo.ts");
        return await demoCommand(shell);
      }, view);
    })
    .command("$0", false, {}, (given) => {
      read(given, "$0");
      throw new ConfigError(`name a source (${sourceNames.join(", ")}) or a command`);
    });
  const general = alone(undefined, programCommands);
  for (const command of programCommands)
    addCommand(argv, { ...command, program, subject: general });
  if (target) {
    const subject = alone(target, targetCommands);
    for (const command of subject.commands) addCommand(argv, { ...command, program, subject });
  }
  for (const source of sourceNames) {
    const own = `${name} ${source}`;
    argv.command(source, `Sync ${source}; see ${own} --help`, (inner: Argv) =>
      addCommands(inner, { name: own, words: 1 }, builtIn(source, target)),
    );
  }
}

function addCommands<About>(argv: Argv, program: Program, subject: Subject<About>): Argv {
  const [first] = subject.commands;
  knowFlags(argv, first?.flags ?? []).usage(`${program.name} [command]`);
  for (const command of subject.commands) addCommand(argv, { ...command, program, subject });
  return argv;
}

/** Tells yargs which flags take a value, so that it finds the command behind them; the command says which ones it has. */
function knowFlags(argv: Argv, shown: readonly string[]): Argv {
  const everywhere = flagOptions(viewFlags);
  for (const [name, option] of Object.entries(flagOptions(flagNames))) {
    if (name in everywhere) continue;
    argv.option(name, { ...option, global: false, hidden: !shown.includes(name) });
  }
  return argv;
}

function addCommand<About>(
  argv: Argv,
  command: Command<About> & { readonly program: Program; readonly subject: Subject<About> },
): void {
  const { usage, summary, flags, examples, program, subject } = command;
  const words = subject.commands.map(wordOf);
  argv.command(
    usage,
    summary,
    (inner: Argv) => {
      for (const [line, what] of examples) inner.example(line.replaceAll("$0", program.name), what);
      return inner.options(flagOptions(flags)).string(argumentsOf(command));
    },
    async (given) => {
      const read = flagsOf(given, { program, command, words });
      await runCommand(async (shell) => {
        const run = await command.load();
        return await run({ ...shell, ...(await subject.load()), flags: read });
      }, viewOf(read));
    },
  );
}

/** What yargs found. */
type Given = Readonly<Record<string, unknown>>;

interface Call {
  readonly program: Program;
  readonly command: Pick<Command, "usage" | "flags">;
  /** What may stand in the place of the command. */
  readonly words: readonly string[];
}

/** The flags and arguments of a command, once nothing is left over. */
function flagsOf(given: Given, { program, command, words }: Call): Flags {
  const [first, ...rest] = (given["_"] as readonly string[]).slice(program.words);
  const surplus = first === wordOf(command) ? rest[0] : first;
  if (surplus !== undefined)
    throw new ConfigError(`unexpected "${surplus}"; ${suggestion(surplus, words)}`);
  return readFlags(given, { flags: [...viewFlags, ...command.flags], named: argumentsOf(command) });
}

/** `state` of `state <action> [argument]`. */
function wordOf({ usage }: Pick<Command, "usage">): string {
  return [usage].flat()[0]?.split(" ")[0] ?? "";
}

function argumentsOf({ usage }: Pick<Command, "usage">): string[] {
  return [...String([usage].flat()[0]).matchAll(/[<[](\w+)/g)].map(([, name = ""]) => name);
}

function viewOf({ "log-format": given, "log-level": level = "info", quiet }: Flags): View {
  const format = given ?? (process.stderr.isTTY ? "pretty" : "json");
  return { format, level: quiet === true ? "warning" : level };
}
