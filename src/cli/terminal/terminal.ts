import { Chalk, supportsColor, supportsColorStderr, type ChalkInstance } from "chalk";
import { ConfigError } from "../../core/errors.ts";
import { jsonLine, newLog, type LogEntry, type Level, type Log } from "../../core/log.ts";
import { newValueRedactor, newRedactor } from "../../core/redact.ts";

export type LogFormat = "pretty" | "json";

export interface TerminalOptions {
  readonly format: LogFormat;
  readonly level: Level;
}

/** Where a person, or a program in a person's stead, sees what rivulet says: results on standard output, the rest on standard error. */
export interface Terminal {
  readonly log: Log;
  readonly format: LogFormat;
  /** Colours for standard output. */
  readonly color: ChalkInstance;
  /** Columns of standard output; 80 where it is no terminal. */
  readonly width: number;
  /** Writes a result to standard output, with a line end. */
  print(text: string): void;
  /** Writes a result that programs read, as it is: throws a ConfigError rather than show a secret in it. */
  printJson(value: unknown, replacer?: (key: string, value: unknown) => unknown): void;
  /** Keeps these values out of everything that is written from now on. */
  hideSecrets(secrets: readonly string[]): void;
  /** Sends log lines elsewhere, above the progress bars; undefined: back to standard error. */
  redirectLog(write: ((line: string) => void) | undefined): void;
}

export function openTerminal({ format, level }: TerminalOptions): Terminal {
  const colorOf = (support: typeof supportsColor): ChalkInstance =>
    new Chalk({
      level: support !== false && (process.env["NO_COLOR"] ?? "") === "" ? support.level : 0,
    });
  const color = colorOf(supportsColor);
  const errorColor = colorOf(supportsColorStderr);
  const hidden: string[] = [];
  let redact = newRedactor(hidden);
  let write = (line: string): unknown => process.stderr.write(line);
  const show = (entry: LogEntry): void => {
    write(redact(format === "json" ? jsonLine(entry) : prettyLine(entry, errorColor)));
  };
  return {
    log: newLog(show, level),
    format,
    color,
    // A terminal that does not know its width says 0.
    width: (process.stdout.isTTY && process.stdout.columns) || 80,
    print: (text) => process.stdout.write(`${redact(text)}\n`),
    printJson(value, replacer) {
      const text = JSON.stringify(value, replacer, 2);
      if (newValueRedactor(hidden)(text) !== text) throw new ConfigError(secretInResult);
      process.stdout.write(`${text}\n`);
    },
    hideSecrets(secrets) {
      hidden.push(...secrets);
      redact = newRedactor(hidden);
    },
    redirectLog(other) {
      write = other ?? ((line) => process.stderr.write(line));
    },
  };
}

const secretInResult =
  "the result holds the value of a secret of the configuration, and is not shown; ask for something else, or use another secret";

function prettyLine({ level, message }: LogEntry, color: ChalkInstance): string {
  const marks = {
    debug: color.dim("debug  "),
    info: "",
    warning: color.yellow("warning "),
    severe: color.red("error  "),
  } as const satisfies Record<Level, string>;
  return `${marks[level]}${level === "debug" ? color.dim(message) : message}\n`;
}
