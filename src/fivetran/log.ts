import { newLog, type Level, type Log } from "../core/log.ts";

/** Fivetran knows three levels. */
const levels = {
  debug: "INFO",
  info: "INFO",
  warning: "WARNING",
  severe: "SEVERE",
} as const satisfies Record<Level, string>;

export interface ConnectorLogOptions {
  readonly write: (line: string) => void;
  readonly threshold: Level;
  /** Takes out what must never be shown. */
  readonly redact: (text: string) => string;
}

/** A log as Fivetran reads it: JSON lines, to be written to standard output. */
export function connectorLog({ write, threshold, redact }: ConnectorLogOptions): Log {
  return newLog(({ level, message }) => {
    const line = { level: levels[level], message: redact(message), "message-origin": origin };
    write(`${JSON.stringify(line)}\n`);
  }, threshold);
}

const origin = "sdk_connector";
