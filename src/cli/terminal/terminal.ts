import { Chalk, supportsColor, supportsColorStderr, type ChalkInstance } from "chalk";
import { ConfigError } from "../../core/errors.ts";
import {
  jsonLine,
  newLog,
  redactedEntry,
  type LogEntry,
  type Level,
  type Log,
} from "../../core/log.ts";
import { newValueRedactor, newRedactor } from "../../core/redact.ts";
import { visibleText } from "../../core/visible-text.ts";
import { writeOutput } from "./write-output.ts";

type LogFormat = "pretty" | "json";

/** How much is logged, and in which format. */
export interface TerminalOptions {
  readonly format: LogFormat;
  readonly level: Level;
}

/** The output of the program: results on standard output, logs and progress on standard error. */
export interface Terminal {
  readonly log: Log;
  readonly format: LogFormat;
  /** Colors for standard output. */
  readonly color: ChalkInstance;
  /** Columns of standard output; 80 if it is not a terminal. */
  readonly width: number;
  /** Whether standard output is a terminal. */
  readonly isTerminal: boolean;
  /**
   * Writes a result to standard output, with a newline, without secrets, and with its control
   * characters shown.
   */
  print(text: string): void;
  /** The same for a text with colors, whose values `visibleText` has been applied to. */
  printStyled(text: string): void;
  /**
   * Writes a result for programs to standard output. Throws a ConfigError if it contains a secret:
   * redacting would falsify it.
   */
  printJson(value: unknown, replacer?: (key: string, value: unknown) => unknown): void;
  /**
   * Writes a part of a result for programs to standard output, unchanged unless that is a terminal,
   * and waits until there is room for more. False if its reader has gone. Throws as `printJson`.
   */
  write(text: string, signal: AbortSignal): Promise<boolean>;
  /** Redacts these secrets in everything that is written from now on, but not these names. */
  hideSecrets(secrets: readonly string[], names?: readonly string[]): void;
  /** A text without these secrets, for what is written elsewhere. */
  redact(text: string): string;
  /** Sends log lines to `write`, such as above the progress; undefined: to standard error again. */
  redirectLog(write: ((line: string) => void) | undefined): void;
}

/** The output of this process. */
export function openTerminal({ format, level }: TerminalOptions): Terminal {
  const colorOf = (support: typeof supportsColor): ChalkInstance =>
    new Chalk({
      level: support !== false && (process.env["NO_COLOR"] ?? "") === "" ? support.level : 0,
    });
  const color = colorOf(supportsColor);
  const errorColor = colorOf(supportsColorStderr);
  const secrets: string[] = [];
  const names: string[] = [];
  let redact = newRedactor(secrets);
  let write = (line: string): unknown => process.stderr.write(line);
  const show = (entry: LogEntry): void => {
    const safe = redactedEntry(entry, redact);
    write(format === "json" ? jsonLine(safe) : prettyLine(safe, errorColor));
  };
  return {
    log: newLog(show, level),
    format,
    color,
    // Some terminals report a width of 0.
    isTerminal: process.stdout.isTTY,
    width: (process.stdout.isTTY && process.stdout.columns) || 80,
    print: (text) => process.stdout.write(`${visibleText(redact(text))}\n`),
    printStyled: (text) => process.stdout.write(`${redact(text)}\n`),
    printJson(value, replacer) {
      const text = JSON.stringify(value, replacer, 2);
      checkHasNoSecret(text, secrets);
      process.stdout.write(`${visibleText(text)}\n`);
    },
    async write(text, signal) {
      checkHasNoSecret(text, secrets);
      return await writeOutput(process.stdout.isTTY ? visibleText(text) : text, signal);
    },
    hideSecrets(more, moreNames = []) {
      secrets.push(...more);
      names.push(...moreNames);
      redact = newRedactor(secrets, names);
    },
    redact: (text) => redact(text),
    redirectLog(writeLine) {
      write = writeLine ?? ((line) => process.stderr.write(line));
    },
  };
}

function checkHasNoSecret(text: string, secrets: readonly string[]): void {
  if (newValueRedactor(secrets)(text) !== text) throw new ConfigError(secretInResult);
}

const secretInResult =
  "the result contains a secret of the configuration, so it is not printed; use a different secret";

function prettyLine({ level, message }: LogEntry, color: ChalkInstance): string {
  const text = visibleText(message);
  const marks = {
    debug: color.dim("debug  "),
    info: "",
    warning: color.yellow("warning "),
    severe: color.red("error  "),
  } as const satisfies Record<Level, string>;
  return `${marks[level]}${level === "debug" ? color.dim(text) : text}\n`;
}
