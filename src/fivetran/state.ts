import { z } from "zod";
import { ConfigError, SourceError } from "../core/errors.ts";
import type { Checkpoint, Checkpoints } from "../core/source.ts";
import type { SavedKeys } from "./known-keys.ts";

/** Fivetran takes 10 MB; from here on, what is only there to save work is left out. */
const comfortableLength = 8_000_000;
const maxLength = 10_000_000;

const savedStream = z.strictObject({
  /** The columns that were selected. */
  columns: z.array(z.string()),
  checkpoints: z.record(z.string(), z.record(z.string(), z.json())),
  held: z
    .record(
      z.string(),
      z.object({ keys: z.array(z.string()).optional(), walk: z.any().optional() }),
    )
    .nullable(),
});

const saved = z.strictObject({
  version: z.literal(1),
  identity: z.string(),
  streams: z.record(z.string(), savedStream),
});

/** What is known of a stream that was read before. */
export interface StreamState {
  readonly columns: readonly string[];
  readonly checkpoints: Map<string, Checkpoint>;
  /** What the destination holds, as it is when the state is written. */
  knownKeys: { toJSON(): SavedKeys };
}

/** The checkpoints of all streams, and what the destination holds as far as it is remembered: the `state_json` of a connection. */
export class ConnectionState {
  readonly #identity: string;
  readonly #streams = new Map<string, StreamState>();

  /**
   * Reads a `state_json`; absent or `{}` before the first sync.
   *
   * @throws ConfigError where it is not ours, or another source's
   */
  constructor(identity: string, text = "{}") {
    this.#identity = identity;
    const found = parseState(text);
    if (!found) return;
    if (found.identity !== identity) {
      throw new ConfigError(
        `state: belongs to ${found.identity}, and the configuration names ${identity}, so that rows of both would be mixed; re-sync the connection, or make another one`,
      );
    }
    for (const [name, { columns, checkpoints, held }] of Object.entries(found.streams)) {
      const savedHeld = held as SavedKeys;
      this.#streams.set(name, {
        columns,
        checkpoints: new Map(Object.entries(checkpoints)),
        knownKeys: { toJSON: () => savedHeld },
      });
    }
  }

  get(stream: string): StreamState | undefined {
    return this.#streams.get(stream);
  }

  set(stream: string, state: StreamState): void {
    this.#streams.set(stream, state);
  }

  /** The stream will be read as if for the first time. */
  forget(stream: string): void {
    this.#streams.delete(stream);
  }

  /** The `state_json`. Throws a SourceError where it would be larger than Fivetran takes. */
  format(): string {
    const text = this.#text(true);
    if (text.length < comfortableLength) return text;
    const short = this.#text(false);
    if (Buffer.byteLength(short) < maxLength) return short;
    throw new SourceError(
      `state: grew to ${short.length} bytes, and Fivetran takes 10 MB; select fewer tables, or configure less to copy`,
    );
  }

  #text(withHoldings: boolean): string {
    const streams = [...this.#streams].map(([name, { columns, checkpoints, knownKeys }]) => [
      name,
      {
        columns,
        checkpoints: Object.fromEntries(checkpoints),
        held: withHoldings ? knownKeys.toJSON() : null,
      },
    ]);
    return JSON.stringify({
      version: 1,
      identity: this.#identity,
      streams: Object.fromEntries(streams) as unknown,
    });
  }
}

/** Notes a batch's checkpoint. */
export function applyCheckpoint(
  checkpoints: Map<string, Checkpoint>,
  partition: string,
  checkpoint: Checkpoint | null,
): void {
  if (checkpoint === null) checkpoints.delete(partition);
  else checkpoints.set(partition, checkpoint);
}

/** Checkpoints that the reader may keep while they change. */
export function copyCheckpoints(checkpoints: Checkpoints): Checkpoints {
  return new Map(checkpoints);
}

function parseState(text: string): z.output<typeof saved> | undefined {
  const json = fromJson(text === "" ? "{}" : text);
  if (JSON.stringify(json) === "{}") return undefined;
  const { data } = saved.safeParse(json);
  if (data) return data;
  throw new ConfigError(
    "state: not one that this connector wrote, or damaged; re-sync the connection, which starts anew",
  );
}

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
