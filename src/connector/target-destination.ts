import type {
  Destination,
  Pipeline,
  QuarantineReason,
  Session,
  SettledEntry,
  State,
  SyncRecord,
} from "../core/destination.ts";
import { ConfigError } from "../core/errors.ts";
import type { Key } from "../core/schema.ts";
import type { SourceContext } from "../core/source.ts";
import { stateNamesOf } from "./state-names.ts";
import { TargetSession, type ConfiguredTarget } from "./target-session.ts";

/**
 * An external target as a destination. A database still holds what the target cannot: lease,
 * checkpoints, quarantine and the log of syncs.
 */
export class TargetDestination implements Destination {
  readonly #database: Destination;
  readonly #target: ConfiguredTarget & { readonly context: SourceContext };

  /** Takes ownership of `database`, and disposes of it. */
  constructor(
    database: Destination,
    target: ConfiguredTarget & { readonly context: SourceContext },
  ) {
    this.#database = database;
    this.#target = target;
  }

  get label(): string {
    return this.#target.connector.title;
  }

  async check(): Promise<void> {
    await this.#database.check();
    const { connector, config, context } = this.#target;
    await connector.check(config, context);
  }

  async lock(pipeline: Pipeline): Promise<Session> {
    const session = await this.#database.lock(pipeline);
    try {
      const { connector, config, context } = this.#target;
      const writer = await connector.open(config, context);
      return new TargetSession(session, { connector, writer });
    } catch (error) {
      await session[Symbol.asyncDispose]();
      throw error;
    }
  }

  async state(pipeline: string): Promise<State> {
    return stateNamesOf(this.#target.connector).toStreamNames(await this.#database.state(pipeline));
  }

  syncs(limit: number, pipeline?: string): Promise<readonly SyncRecord[]> {
    return this.#database.syncs(limit, pipeline);
  }

  async settledEntries(pipeline: string): Promise<readonly SettledEntry[]> {
    const names = stateNamesOf(this.#target.connector);
    return names.ofStreams(await this.#database.settledEntries(pipeline));
  }

  async quarantineReasons(pipeline: string): Promise<readonly QuarantineReason[]> {
    const names = stateNamesOf(this.#target.connector);
    return names.ofStreams(await this.#database.quarantineReasons(pipeline));
  }

  /** Empty, like `keys`: a target's rows cannot be read back. */
  select(): Promise<readonly Readonly<Record<string, unknown>>[]> {
    return Promise.resolve([]);
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- there is nothing to wait for
  async *keys(): AsyncGenerator<Key, void> {
    yield* [];
  }

  rowCount(): Promise<number> {
    return Promise.resolve(0);
  }

  compare(): Promise<never> {
    const { title } = this.#target.connector;
    return Promise.reject(
      new ConfigError(`${title}: its rows cannot be read back to compare them`),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#database[Symbol.asyncDispose]();
  }
}
