import { callerMessageOf } from "../core/caller-message.ts";
import { messageOf } from "../core/errors.ts";
import type { Level, Log } from "../core/log.ts";
import { namesIn, newRedactor } from "../core/redact.ts";
import { newRequestStats } from "../core/request-stats.ts";
import type { Source, SourceContext, Stream } from "../core/source.ts";
import { type Configuration, parseConfig, secretsIn, warnOfUnknownKeys } from "./configuration.ts";
import { connectionTests } from "./connection-tests.ts";
import { configurationForm } from "./form.ts";
import { connectorLog } from "./log.ts";
import type { TestRequest, UpdateRequest } from "./requests.ts";
import { updateResponses } from "./update.ts";
import { dataTypes } from "./values.ts";

/** What a `FivetranConnector` serves, and how it logs. */
export interface ConnectorOptions {
  readonly source: Source;
  /** Writes a log line. */
  readonly write: (line: string) => void;
  /** Minimum log level. */
  readonly threshold: Level;
  /** Whether callers may name hosts in private networks, and this machine. Default: false. */
  readonly allowPrivate?: boolean;
  /** Characters of keys that the state keeps per table; beyond, only digests. Default: 2^20. */
  readonly maxKeyCharacters?: number;
  /** The start time of a sync. Default: the system clock. */
  readonly clock?: () => Date;
}

/** A log without the secrets of a configuration. */
interface RedactingLog {
  /** Removes the secrets, for responses. */
  readonly redact: (text: string) => string;
  readonly log: Log;
}

/**
 * Serves a source as a Fivetran connector: one method per gRPC call. No response, log line or error
 * contains a secret of the configuration.
 */
export class FivetranConnector {
  readonly #options: ConnectorOptions;

  constructor(options: ConnectorOptions) {
    this.#options = options;
  }

  /** `ConfigurationForm`. */
  form() {
    return configurationForm(this.#options.source);
  }

  /** `Test`: success, or the reason and the remedy. */
  async test(
    { name, configuration }: TestRequest,
    signal: AbortSignal,
  ): Promise<{ readonly success: true } | { readonly failure: string }> {
    const test = connectionTests.find((candidate) => candidate.name === name);
    if (!test) {
      const available = connectionTests.map((each) => each.name).join(", ");
      return { failure: `unknown test "${name}"; available: ${available}` };
    }
    const { source } = this.#options;
    const { redact, log } = this.redactingLog(configuration);
    try {
      const context = this.#context(configuration, signal);
      await test.run(source, configuration, context);
      return { success: true };
    } catch (error) {
      log.warning(`test "${name}": ${messageOf(error)}`);
      return { failure: redact(callerMessageOf(error)) };
    }
  }

  /** `Schema`: tables, columns and keys. */
  schema(configuration: Configuration, signal: AbortSignal) {
    const { streams } = this.#open(configuration, signal);
    return {
      without_schema: { tables: streams.map(describeTable) },
      selection_not_supported: false,
    };
  }

  /** `Update`, as encoded responses. */
  update(
    { configuration, selection, state_json: stateJson }: UpdateRequest,
    signal: AbortSignal,
  ): AsyncGenerator<Buffer, void> {
    const { maxKeyCharacters = 2 ** 20, clock = () => new Date() } = this.#options;
    return updateResponses({
      ...this.redactingLog(configuration),
      maxKeyCharacters,
      open: () => this.#open(configuration, signal),
      selection,
      stateJson: stateJson ?? undefined,
      startedAt: clock(),
      signal,
    });
  }

  /** A log and a redactor that know the secrets of a configuration. */
  redactingLog(configuration: Configuration = {}): RedactingLog {
    const { source, write, threshold } = this.#options;
    const secrets = secretsIn(source, configuration);
    const redact = newRedactor(secrets, namesIn(configuration, secrets));
    return { redact, log: connectorLog({ write, threshold, redact }) };
  }

  #open(
    configuration: Configuration,
    signal: AbortSignal,
  ): { readonly streams: readonly Stream[]; readonly identity: string } {
    const { source } = this.#options;
    const context = this.#context(configuration, signal);
    warnOfUnknownKeys(source, configuration, context.log);
    const config = parseConfig(source, configuration);
    return { streams: source.streams(config, context), identity: source.identity(config) };
  }

  #context(configuration: Configuration, signal: AbortSignal): SourceContext {
    const { log } = this.redactingLog(configuration);
    const { allowPrivate = false } = this.#options;
    return { log, transfer: newRequestStats(), signal, publicOnly: !allowPrivate };
  }
}

function describeTable({ name, columns, primaryKey }: Stream) {
  return {
    name,
    columns: Object.entries(columns).map(([column, type]) => ({
      name: column,
      type: dataTypes[type],
      primary_key: primaryKey.includes(column),
    })),
  };
}
