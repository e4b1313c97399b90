import type { Key } from "../core/schema.ts";
import type { SourceContext } from "../core/source.ts";
import type { Destination, Pipeline, Session, State, SyncRecord } from "../core/destination.ts";
import { stateNamesOf } from "./state-names.ts";
import { TargetSession, type ConfiguredTarget } from "./target-session.ts";

/**
 * A target from outside in the place of a database. The database that was there keeps what a target has no place for: lock, checkpoints,
 * quarantine and the history of syncs.
 */
export class TargetDestination implements Destination {
  readonly #ledger: Destination;
  readonly #target: ConfiguredTarget & { readonly context: SourceContext };

  constructor(ledger: Destination, target: ConfiguredTarget & { readonly context: SourceContext }) {
    this.#ledger = ledger;
    this.#target = target;
  }

  get label(): string {
    return this.#target.connector.title;
  }

  async check(): Promise<void> {
    await this.#ledger.check();
    const { connector, config, context } = this.#target;
    await connector.check(config, context);
  }

  async lock(pipeline: Pipeline): Promise<Session> {
    const session = await this.#ledger.lock(pipeline);
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
    return stateNamesOf(this.#target.connector).toStreamNames(await this.#ledger.state(pipeline));
  }

  syncs(limit: number, pipeline?: string): Promise<readonly SyncRecord[]> {
    return this.#ledger.syncs(limit, pipeline);
  }

  /** Nothing: only the target knows what it holds. */
  select(): Promise<readonly Readonly<Record<string, unknown>>[]> {
    return Promise.resolve([]);
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- there is nothing to wait for
  async *keys(): AsyncGenerator<Key, void> {
    yield* [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#ledger[Symbol.asyncDispose]();
  }
}
