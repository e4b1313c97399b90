import { ConfigError } from "../core/errors.ts";
import { suggestion } from "../core/suggestion.ts";
import type { Command } from "./source-commands.ts";
import { readFlags, type Flags } from "./invocation/flags.ts";

/** The program as it was called: `rivulet`, `rivulet opik` or `opik-sync`. */
export interface Program {
  readonly name: string;
  /** How many positional arguments belong to the name: 1 for `rivulet opik`, else 0. */
  readonly wordCount: number;
}

/** Flags that every command accepts. */
export const terminalFlags = ["log-format", "log-level", "quiet", "verbose", "color"] as const;

/** Something is wrong with the flags or arguments of a command. */
export class UsageError extends ConfigError {
  /** How the command is written. */
  readonly usage: string;

  constructor(message: string, usage: string) {
    super(message);
    this.usage = usage;
  }
}

/** The command itself: what comes before its arguments. */
export function commandOf(usage: string): string {
  return usage.replace(/ [[<].*/, "");
}

/** The command line as yargs parsed it. */
export type ParsedArguments = Readonly<Record<string, unknown>>;

/**
 * The command's flags and arguments.
 *
 * @throws UsageError if any is unknown, invalid or left over
 */
export function readCommandCall(parsed: ParsedArguments, call: CommandCall): Flags {
  try {
    return readAccepted(parsed, call);
  } catch (error) {
    if (!(error instanceof ConfigError) || error instanceof UsageError) throw error;
    const [first = ""] = [call.command.usage].flat();
    const usage = first.replace("$0", "<source> [command]");
    throw new UsageError(error.message, `${call.program.name} ${usage} [options]`);
  }
}

/** The command that was called, and its siblings. */
export interface CommandCall {
  readonly program: Program;
  readonly command: Pick<Command, "usage" | "flags">;
  readonly commandNames: readonly string[];
}

function readAccepted(parsed: ParsedArguments, call: CommandCall): Flags {
  const { program, command } = call;
  const [first, ...rest] = (parsed["_"] as readonly string[]).slice(program.wordCount);
  const { projects = [] } = parsed;
  const [word] = [projects].flat() as readonly string[];
  // Of the default command, these are the words that are no command.
  if (first === undefined && word !== undefined && !word.includes("/"))
    throw unknownCommand(word, call);
  if (first !== undefined && first !== commandName(command)) throw unknownCommand(first, call);
  if (rest[0] !== undefined)
    throw new ConfigError(`unexpected argument "${rest[0]}"; leave it out`);
  return readFlags(parsed, {
    flags: [...terminalFlags, ...command.flags],
    argumentNames: argumentNames(command),
  });
}

function unknownCommand(word: string, { program, commandNames }: CommandCall): UsageError {
  // What was meant may be an action: `state reset`.
  const action = Object.entries(actionsOf).find(([, actions]) => actions.includes(word))?.[0];
  const hint =
    action === undefined ? suggestion(word, commandNames) : `did you mean "${action} ${word}"?`;
  return new UsageError(
    `unknown command "${word}"; ${hint}`,
    `${program.name} [command] [options]`,
  );
}

const actionsOf: Readonly<Record<string, readonly string[]>> = {
  state: ["show", "export", "import", "reset"],
};

/** `state` of `state <action> [argument]`. */
export function commandName({ usage }: Pick<Command, "usage">): string {
  return [usage].flat()[0]?.split(" ")[0] ?? "";
}

/** The names of its arguments: `action`, `argument`. */
export function argumentNames({ usage }: Pick<Command, "usage">): string[] {
  return [...String([usage].flat()[0]).matchAll(/[<[](\w+)/g)].map(([, name = ""]) => name);
}
