import { visibleText } from "./visible-text.ts";

/** Log levels, from least to most important. */
export const levels = ["debug", "info", "warning", "severe"] as const;

/** One of `levels`. */
export type Level = (typeof levels)[number];

/** Extra members of a log line for programs: short values, never a secret. */
export type Fields = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** Where messages go: one method per level. */
export interface Log {
  debug(message: string, fields?: Fields): void;
  info(message: string, fields?: Fields): void;
  warning(message: string, fields?: Fields): void;
  severe(message: string, fields?: Fields): void;
}

/** One logged message. */
export interface LogEntry {
  readonly level: Level;
  readonly message: string;
  /** UTC, ISO 8601. */
  readonly time: string;
  readonly fields: Fields;
}

/** A log that passes each entry at or above `threshold` to `write`. */
export function newLog(write: (entry: LogEntry) => void, threshold: Level = "info"): Log {
  const at = (level: Level) => {
    const enabled = levels.indexOf(level) >= levels.indexOf(threshold);
    return (message: string, fields: Fields = {}): void => {
      if (enabled) write({ level, message, time: new Date().toISOString(), fields });
    };
  };
  return {
    debug: at("debug"),
    info: at("info"),
    warning: at("warning"),
    severe: at("severe"),
  };
}

/** The entry without secrets, in its message and in its fields. */
export function redactedEntry(entry: LogEntry, redact: (text: string) => string): LogEntry {
  const fields = Object.entries(entry.fields).map(
    ([name, value]) => [name, typeof value === "string" ? redact(value) : value] as const,
  );
  return { ...entry, message: redact(entry.message), fields: Object.fromEntries(fields) };
}

/** One line of JSON: `{"level","message","time",…}`, for programs that read standard error. */
export function jsonLine({ level, message, time, fields }: LogEntry): string {
  return `${visibleText(JSON.stringify({ level, message, time, ...fields }))}\n`;
}
