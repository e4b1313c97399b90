import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Settings } from "../../configuration/parse-settings.ts";
import { checkSettings, formatProblem } from "../../configuration/check-settings.ts";
import { ConfigError } from "../../core/errors.ts";
import { jsonLine, newLog } from "../../core/log.ts";
import { newRequestStats } from "../../core/request-stats.ts";
import type { SourceContext } from "../../core/source.ts";
import type { Configurable } from "../connector.ts";

/** A temporary folder in which a connector runs, with a record of all its log lines. */
export class Sandbox implements AsyncDisposable {
  /** All log lines so far, as JSON, at level debug and above. */
  readonly logLines: string[] = [];
  /** Path of the folder, which is deleted in the end. */
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** Creates the folder. */
  static async open(): Promise<Sandbox> {
    return new Sandbox(await mkdtemp(join(tmpdir(), "rivulet-conformance-")));
  }

  /** What rivulet provides to a connector. */
  context(signal: AbortSignal = new AbortController().signal): SourceContext {
    const log = newLog((entry) => this.logLines.push(jsonLine(entry)), "debug");
    return { log, transfer: newRequestStats(), signal };
  }

  /** URL of a database in the folder, which need not exist. */
  databaseUrl(name: string): string {
    return `sqlite:${join(this.folder, `${name}.db`)}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Parses the configuration of a connector. Throws a ConfigError that lists all problems. */
export function parseConfig({ config }: Pick<Configurable, "config">, settings: Settings): unknown {
  const checked = checkSettings({ config }, settings);
  if (checked.problems.length === 0) return checked.config;
  throw new ConfigError(checked.problems.map((problem) => formatProblem(problem)).join("; "));
}
