import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkSettings, formatProblem } from "../../configuration/configuration.ts";
import type { Settings } from "../../configuration/configuration-file.ts";
import { ConfigError } from "../../core/errors.ts";
import { jsonLine, newLog } from "../../core/log.ts";
import type { SourceContext } from "../../core/source.ts";
import { newRequestStats } from "../../core/request-stats.ts";
import type { Configurable } from "../connector.ts";

/** A connector at work: in a folder of its own, with all that it says written down. */
export class Sandbox implements AsyncDisposable {
  /** All log lines so far, from the most talkative level on. */
  readonly logLines: string[] = [];
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async open(): Promise<Sandbox> {
    return new Sandbox(await mkdtemp(join(tmpdir(), "rivulet-conformance-")));
  }

  context(signal: AbortSignal = new AbortController().signal): SourceContext {
    const log = newLog((entry) => this.logLines.push(jsonLine(entry)), "debug");
    return { log, transfer: newRequestStats(), signal };
  }

  /** A URL of a database that is not there yet. */
  databaseUrl(name: string): string {
    return `sqlite:${join(this.folder, `${name}.db`)}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** What a connector is configured with. Throws a ConfigError that names every problem. */
export function parseConfig({ config }: Pick<Configurable, "config">, settings: Settings): unknown {
  const checked = checkSettings({ config }, settings);
  if (checked.problems.length === 0) return checked.config;
  throw new ConfigError(checked.problems.map((problem) => formatProblem(problem)).join("; "));
}
