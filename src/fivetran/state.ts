import { withCallerMessage } from "../core/caller-message.ts";
import { z } from "zod";
import { ConfigError, SourceError } from "../core/errors.ts";
import { MeasuredCheckpoints } from "../engine/measured-checkpoints.ts";
import type { SavedKeys } from "./known-keys.ts";

/** From here on, the known keys are left out: without them, tables may have to be read again. */
const comfortableLength = 8_000_000;

/** Fivetran's limit, in bytes. */
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

const savedState = z.strictObject({
  version: z.literal(1),
  identity: z.string(),
  streams: z.record(z.string(), savedStream),
});

/** The state of a stream that was read before. */
interface StreamState {
  /** The columns that were selected. */
  readonly columns: readonly string[];
  readonly checkpoints: MeasuredCheckpoints;
  /** Formatted each time the state is. */
  readonly knownKeys: { readonly size: number; toJSON(): SavedKeys };
}

/** The `state_json` of a connection: checkpoints and known keys of all streams. */
export class ConnectionState {
  readonly #identity: string;
  readonly #streams = new Map<string, StreamState>();

  /**
   * Parses a `state_json`; absent or `{}` before the first sync.
   *
   * @throws ConfigError if this connector did not write it, or it belongs to another identity
   */
  constructor(identity: string, text = "{}") {
    this.#identity = identity;
    const found = parseState(text);
    if (!found) return;
    if (found.identity !== identity) {
      throw withCallerMessage(
        new ConfigError(
          `state: belongs to ${found.identity}, but the configuration names ${identity}; re-sync the connection, or create another one`,
        ),
      );
    }
    for (const [name, { columns, checkpoints, held }] of Object.entries(found.streams)) {
      const savedKeys = held as SavedKeys;
      this.#streams.set(name, {
        columns,
        checkpoints: new MeasuredCheckpoints(Object.entries(checkpoints)),
        knownKeys: { size: JSON.stringify(savedKeys).length, toJSON: () => savedKeys },
      });
    }
  }

  /** Undefined if the stream has never been read. */
  get(stream: string): StreamState | undefined {
    return this.#streams.get(stream);
  }

  /** Replaces the state of a stream. */
  set(stream: string, state: StreamState): void {
    this.#streams.set(stream, state);
  }

  /** Makes the next read of the stream start from scratch. */
  forget(stream: string): void {
    this.#streams.delete(stream);
  }

  /** The approximate length of the `state_json`. */
  get size(): number {
    return [...this.#streams.values()].reduce(
      (sum, { checkpoints, knownKeys }) => sum + checkpoints.size + knownKeys.size,
      0,
    );
  }

  /**
   * Formats the `state_json`.
   *
   * @throws SourceError if it exceeds Fivetran's limit
   */
  format(): string {
    const text = this.#text(true);
    if (text.length < comfortableLength) return text;
    const short = this.#text(false);
    if (Buffer.byteLength(short) < maxLength) return short;
    throw withCallerMessage(
      new SourceError(
        `state: ${short.length} bytes exceed Fivetran's limit of 10 MB; select fewer tables, or copy less`,
      ),
    );
  }

  #text(withKnownKeys: boolean): string {
    const streams = [...this.#streams].map(([name, { columns, checkpoints, knownKeys }]) => [
      name,
      {
        columns,
        checkpoints,
        held: withKnownKeys ? knownKeys.toJSON() : null,
      },
    ]);
    return JSON.stringify({
      version: 1,
      identity: this.#identity,
      streams: Object.fromEntries(streams) as unknown,
    });
  }
}

function parseState(text: string): z.output<typeof savedState> | undefined {
  const json = fromJson(text === "" ? "{}" : text);
  if (JSON.stringify(json) === "{}") return undefined;
  const { data } = savedState.safeParse(json);
  if (data) return data;
  throw withCallerMessage(
    new ConfigError(
      "state: damaged, or not written by this connector; re-sync the connection to start over",
    ),
  );
}

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
