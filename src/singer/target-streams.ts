import type { Session } from "../core/destination.ts";
import { MisfitColumnsError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { Batch } from "../core/source.ts";
import { prepareStreams } from "../engine/prepare-streams.ts";
import { BatchError, LineError } from "./message.ts";
import { failsStreamOnly } from "./refused-streams.ts";
import { renameColumns } from "./rename-columns.ts";
import { savedStreams, type SavedStream } from "./saved-stream.ts";
import { TableNames } from "./table-names.ts";
import { TargetStream } from "./target-stream.ts";

/** What the streams of a tap need. */
export interface TargetStreamsOptions {
  /** Prepares the tables, and has the checkpoints of earlier runs. */
  readonly session: Pick<Session, "prepare" | "state" | "maxColumns">;
  /** Called for a stream whose records cannot be read or written, with the name of its table. */
  readonly onRefused: (table: string, error: Error) => void;
  readonly log: Log;
}

/** What can be written after `prepare`. */
interface PreparedStreams {
  readonly prepared: readonly TargetStream[];
  readonly ready: readonly Batch[];
}

/** The streams of a tap, by its name for them, and which of their tables must be prepared. */
export class TargetStreams {
  readonly #options: TargetStreamsOptions;
  readonly #byName = new Map<string, TargetStream>();
  /** Streams of earlier runs, by the tap's name for them. */
  readonly #saved = new Map<string, SavedStream>();
  /** Streams whose tables must be created or changed before the next write. */
  readonly #unprepared = new Set<TargetStream>();
  #tableNames = new TableNames([]);

  constructor(options: TargetStreamsOptions) {
    this.#options = options;
  }

  /** Loads the streams of earlier runs. Call once, before any other method. */
  async load(): Promise<void> {
    const saved = savedStreams(await this.#options.session.state());
    for (const one of saved.values()) this.#saved.set(one.stream, one);
    this.#tableNames = new TableNames([...saved].map(([table, { stream }]) => [stream, table]));
  }

  /** The stream of this name; undefined before its first SCHEMA. */
  get(name: string): TargetStream | undefined {
    return this.#byName.get(name);
  }

  /** The stream of a SCHEMA, with what earlier runs have saved. */
  open(name: string): TargetStream {
    const saved = this.#saved.get(name) ?? { stream: name, columns: {} };
    const { maxColumns } = this.#options.session;
    const stream =
      this.#byName.get(name) ?? new TargetStream(this.#tableNames.tableOf(name), saved, maxColumns);
    this.#byName.set(name, stream);
    return stream;
  }

  /** The stream of a message. Throws a LineError before its first SCHEMA. */
  require(message: { readonly type: string; readonly stream: string }): TargetStream {
    const { type, stream: name } = message;
    const stream = this.#byName.get(name);
    if (stream) return stream;
    const problem = `${type}: no SCHEMA for stream "${name}" before it`;
    throw type === "BATCH" ? new BatchError(problem) : new LineError(problem);
  }

  /** Call after each message that may have changed what the stream's table must hold. */
  markIfChanged(stream: TargetStream): void {
    if (stream.consumeChange()) this.#unprepared.add(stream);
  }

  /**
   * Prepares the tables that need it. Columns that cannot hold their values are continued in
   * others, and renamed in the batches, which are not written yet.
   */
  async prepare(batches: readonly Batch[]): Promise<PreparedStreams> {
    const { session, onRefused, log } = this.#options;
    const prepared: TargetStream[] = [];
    const misfits = new Map<TargetStream, string[]>();
    let ready = batches;
    let pending = [...this.#unprepared];
    this.#unprepared.clear();
    while (pending.length > 0) {
      const tables = pending.map(({ declaration }) => declaration);
      const refused = await prepareStreams(session, tables, failsStreamOnly);
      const changed: TargetStream[] = [];
      for (const [table, error] of refused)
        if (!pending.some((stream) => stream.table === table)) onRefused(table, error);
      for (const stream of pending) {
        const error = refused.get(stream.table);
        if (!error) {
          prepared.push(stream);
          for (const misfit of misfits.get(stream) ?? []) log.warning(misfit);
        } else if (error instanceof MisfitColumnsError) {
          const names = stream.continueElsewhere(error.columns.keys());
          ready = ready.map((batch) =>
            batch.stream === stream.table ? renameColumns(batch, names) : batch,
          );
          const earlier = misfits.get(stream) ?? [];
          misfits.set(stream, [...earlier, ...describeMisfits(error, names)]);
          changed.push(stream);
        } else onRefused(stream.table, error);
      }
      pending = changed;
    }
    return { prepared, ready };
  }
}

function describeMisfits(
  { stream, columns }: MisfitColumnsError,
  names: ReadonlyMap<string, string>,
): string[] {
  return [...columns].map(
    ([column, problem]) =>
      `table "${stream}": ${problem}; values of "${column}" continue in "${names.get(column) ?? ""}"`,
  );
}
