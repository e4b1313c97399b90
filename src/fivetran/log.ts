import { type Level, type Log, newLog } from "../core/log.ts";
import { visibleText } from "../core/visible-text.ts";

/** Fivetran has three levels. */
const levels = {
  debug: "INFO",
  info: "INFO",
  warning: "WARNING",
  severe: "SEVERE",
} as const satisfies Record<Level, string>;

interface ConnectorLogOptions {
  /** Writes a log line, end included. */
  readonly write: (line: string) => void;
  /** Minimum log level. */
  readonly threshold: Level;
  /** Removes secrets. */
  readonly redact: (text: string) => string;
}

/** A log in Fivetran's format: JSON lines for standard output. */
export function connectorLog({ write, threshold, redact }: ConnectorLogOptions): Log {
  return newLog(({ level, message }) => {
    const line = { level: levels[level], message: redact(message), "message-origin": origin };
    write(`${visibleText(JSON.stringify(line))}\n`);
  }, threshold);
}

const origin = "sdk_connector";
