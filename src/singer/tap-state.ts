import { z } from "zod";
import { ConfigError } from "../core/errors.ts";
import type { Batch, Checkpoints } from "../core/source.ts";
import { MeasuredCheckpoints } from "../engine/measured-checkpoints.ts";

const stateVersion = 1;

const savedState = z.strictObject({
  rivulet: z.literal(stateVersion),
  source: z.string(),
  identity: z.string(),
  bookmarks: z.record(z.string(), z.record(z.string(), z.record(z.string(), z.json()))),
});

/** What a state belongs to. */
export interface StateOwner {
  /** The source's name: `opik`. */
  readonly source: string;
  /** What is copied: host and workspace. */
  readonly identity: string;
}

/**
 * The checkpoints of all streams of a tap, as the value of a STATE. Its `bookmarks` are by stream
 * and partition; a stream's own checkpoint is under `""`.
 */
export class TapState {
  readonly #owner: StateOwner;
  readonly #bookmarks: Map<string, MeasuredCheckpoints>;

  constructor(owner: StateOwner, bookmarks: Map<string, MeasuredCheckpoints> = new Map()) {
    this.#owner = owner;
    this.#bookmarks = bookmarks;
  }

  /** A copy of a stream's checkpoints, by partition. */
  checkpoints(stream: string): Checkpoints {
    return this.#bookmarks.get(stream)?.copy() ?? new Map();
  }

  /** Applies the checkpoint of a batch; returns whether it has one. */
  saveCheckpoint({ stream, partition = "", checkpoint }: Batch): boolean {
    if (checkpoint === undefined) return false;
    const checkpoints = this.#bookmarks.get(stream) ?? new MeasuredCheckpoints();
    this.#bookmarks.set(stream, checkpoints);
    checkpoints.set(partition, checkpoint);
    return true;
  }

  /** The approximate length of `text`. */
  get size(): number {
    return [...this.#bookmarks.values()].reduce((sum, { size }) => sum + size, 0);
  }

  /** The state as JSON text. */
  get text(): string {
    const bookmarks = Object.fromEntries(this.#bookmarks);
    return JSON.stringify({ rivulet: stateVersion, ...this.#owner, bookmarks });
  }
}

/**
 * Parses a state file as a target writes it: the last line counts; an empty file or `{}` means a
 * fresh start. `file` is its name in errors.
 *
 * @throws ConfigError if the tap did not write it, or it belongs to another source
 */
export function parseState(text: string, owner: StateOwner, file: string): TapState {
  const value = parseContent(text, file);
  if (value === undefined) return new TapState(owner);
  const { data } = savedState.safeParse(value);
  if (!data)
    throw new ConfigError(
      `${file}: not a state of this tap; pass the last line that the target wrote, or omit --state to read everything again`,
    );
  for (const key of ["source", "identity"] as const) {
    if (data[key] !== owner[key])
      throw new ConfigError(
        `${file}: belongs to "${data[key]}", not to "${owner[key]}"; pass the right file, or omit --state to read everything again`,
      );
  }
  const bookmarks = Object.entries(data.bookmarks).map(
    ([stream, byPartition]): [string, MeasuredCheckpoints] => [
      stream,
      new MeasuredCheckpoints(Object.entries(byPartition)),
    ],
  );
  return new TapState(owner, new Map(bookmarks));
}

function parseContent(text: string, file: string): unknown {
  const trimmed = text.replace(/^\uFEFF/, "").trim();
  const last = trimmed.split("\n").at(-1) ?? "";
  const value = trimmed === "" ? {} : (tryParse(trimmed) ?? tryParse(last));
  if (value === undefined)
    throw new ConfigError(`${file}: not JSON; pass the last line that the target wrote`);
  return JSON.stringify(value) === "{}" ? undefined : value;
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
