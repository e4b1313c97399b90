import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { messageOf, TransientError } from "../core/errors.ts";

/** How many lines are sorted in memory at a time. */
const runLength = 50_000;

/** Bytes that are read at a time of each run. */
const blockSize = 64 * 1024;

/** Lines that were sorted together, as bytes of the temporary file. */
interface Run {
  readonly start: number;
  readonly end: number;
}

/**
 * Distinct lines of text in the order of their UTF-16 code units, whatever their number: runs of
 * them are sorted in memory and merged from a temporary file. Lines are well-formed and without
 * line breaks.
 */
export class SortedLines {
  readonly #folder: string;
  readonly #file: number;
  readonly #runs: Run[] = [];
  #pending: string[] = [];
  #size = 0;

  /** Throws a TransientError if no temporary file can be created, as `add` does on a full disk. */
  constructor() {
    [this.#folder, this.#file] = onDisk(() => {
      // Only its owner may look into a folder that `mkdtemp` makes.
      const folder = mkdtempSync(join(tmpdir(), "rivulet-"));
      return [folder, openSync(join(folder, "lines"), "wx+", 0o600)];
    });
  }

  /** Adds a line, which may have been added before. */
  add(line: string): void {
    this.#pending.push(line);
    if (this.#pending.length >= runLength) this.#writeRun();
  }

  /** The distinct lines in order. May be read several times. */
  [Symbol.iterator](): Generator<string, void> {
    this.#writeRun();
    return distinct(merged(this.#runs.map((run) => this.#readRun(run))));
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #writeRun(): void {
    if (this.#pending.length === 0) return;
    const data = Buffer.from(`${this.#pending.sort().join("\n")}\n`);
    this.#pending = [];
    const start = this.#size;
    onDisk(() => {
      for (let written = 0; written < data.length;)
        written += writeSync(this.#file, data, written, data.length - written, start + written);
    });
    this.#size += data.length;
    this.#runs.push({ start, end: this.#size });
  }

  *#readRun({ start, end }: Run): Generator<string, void> {
    let rest = Buffer.alloc(0);
    for (let position = start; position < end;) {
      const block = Buffer.alloc(Math.min(blockSize, end - position));
      const length = onDisk(() => readSync(this.#file, block, 0, block.length, position));
      position += length;
      const data = Buffer.concat([rest, block.subarray(0, length)]);
      const complete = data.lastIndexOf("\n") + 1;
      rest = data.subarray(complete);
      if (complete > 0) yield* data.toString("utf8", 0, complete - 1).split("\n");
    }
  }
}

/** Merges sorted lines two by two, so that each line is compared once per level. */
function merged(sources: readonly Generator<string, void>[]): Generator<string, void> {
  const [first = none(), second] = sources;
  if (!second) return first;
  const middle = sources.length >> 1;
  return mergeTwo(merged(sources.slice(0, middle)), merged(sources.slice(middle)));
}

function* none(): Generator<string, void> {
  yield* [];
}

function* mergeTwo(
  left: Generator<string, void>,
  right: Generator<string, void>,
): Generator<string, void> {
  let [a, b] = [left.next(), right.next()];
  for (;;) {
    if (a.done === true || b.done === true) break;
    if (a.value <= b.value) {
      yield a.value;
      a = left.next();
    } else {
      yield b.value;
      b = right.next();
    }
  }
  if (a.done !== true) yield a.value;
  yield* left;
  if (b.done !== true) yield b.value;
  yield* right;
}

function* distinct(lines: Iterable<string>): Generator<string, void> {
  let last: string | undefined;
  for (const line of lines) {
    if (line === last) continue;
    last = line;
    yield line;
  }
}

function onDisk<Result>(operation: () => Result): Result {
  try {
    return operation();
  } catch (cause) {
    throw new TransientError(
      `temporary file in ${tmpdir()}: ${messageOf(cause)}; free some space, or set TMPDIR`,
      { cause },
    );
  }
}
