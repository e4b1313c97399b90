import { z } from "zod";
import { ConfigError } from "../core/errors.ts";
import type { Batch, Checkpoint, Checkpoints } from "../core/source.ts";

/** The only one so far. */
const stateVersion = 1;

const saved = z.strictObject({
  rivulet: z.literal(stateVersion),
  source: z.string(),
  identity: z.string(),
  bookmarks: z.record(z.string(), z.record(z.string(), z.record(z.string(), z.json()))),
});

/** The source that a state is about, and what it copies. */
export interface StateOwner {
  readonly source: string;
  readonly identity: string;
}

/**
 * The checkpoints of all streams of a tap, as the value of a STATE: `bookmarks` has them by stream and partition, a stream's own under `""`.
 */
export class TapState {
  readonly #subject: StateOwner;
  readonly #bookmarks: Map<string, Map<string, Checkpoint>>;

  constructor(subject: StateOwner, bookmarks: Map<string, Map<string, Checkpoint>> = new Map()) {
    this.#subject = subject;
    this.#bookmarks = bookmarks;
  }

  checkpoints(stream: string): Checkpoints {
    return new Map(this.#bookmarks.get(stream));
  }

  /** Takes note of a checkpoint; whether there was one. */
  saveCheckpoint({ stream, partition = "", checkpoint }: Batch): boolean {
    if (checkpoint === undefined) return false;
    const byPartition = this.#bookmarks.get(stream) ?? new Map<string, Checkpoint>();
    this.#bookmarks.set(stream, byPartition);
    if (checkpoint === null) byPartition.delete(partition);
    else byPartition.set(partition, checkpoint);
    return true;
  }

  /** As JSON text. */
  get text(): string {
    const bookmarks = [...this.#bookmarks].map(([stream, byPartition]) => [
      stream,
      Object.fromEntries(byPartition) as unknown,
    ]);
    const content = { rivulet: stateVersion, ...this.#subject };
    return JSON.stringify({ ...content, bookmarks: Object.fromEntries(bookmarks) as unknown });
  }
}

/**
 * The state that a file holds, as a target wrote it: its last line counts, and nothing, or `{}`, stands for the beginning. Throws a ConfigError where it
 * is not one of ours, or of another source.
 */
export function parseState(text: string, subject: StateOwner, file: string): TapState {
  const value = parseContent(text, file);
  if (value === undefined) return new TapState(subject);
  const { data } = saved.safeParse(value);
  if (!data)
    throw new ConfigError(
      `${file}: not a state of this tap; give the last line that the target wrote, or leave --state out to read everything again`,
    );
  for (const key of ["source", "identity"] as const) {
    if (data[key] !== subject[key])
      throw new ConfigError(
        `${file}: the state of "${data[key]}", not of "${subject[key]}"; name the right file, or leave --state out to read everything again`,
      );
  }
  const bookmarks = Object.entries(data.bookmarks).map(
    ([stream, byPartition]): [string, Map<string, Checkpoint>] => [
      stream,
      new Map(Object.entries(byPartition)),
    ],
  );
  return new TapState(subject, new Map(bookmarks));
}

function parseContent(text: string, file: string): unknown {
  const trimmed = text.replace(/^\uFEFF/, "").trim();
  const last = trimmed.split("\n").at(-1) ?? "";
  const value = trimmed === "" ? {} : (tryParse(trimmed) ?? tryParse(last));
  if (value === undefined)
    throw new ConfigError(`${file}: not JSON; give the last line that the target wrote`);
  return JSON.stringify(value) === "{}" ? undefined : value;
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
