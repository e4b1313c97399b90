import type { Writable } from "node:stream";
import { isClosedPipe, outputError } from "../core/output-error.ts";

/** Who reads has closed the pipe, and wants no more. */
export class ClosedPipeError extends Error {
  override readonly name = "ClosedPipe";
}

/** How much is put together before it is written. */
const flushThreshold = 2 ** 18;

/** Lines of a tap, written in large pieces, and no faster than they are read. */
export class LineOutput {
  readonly #stream: Writable;
  #lines: string[] = [];
  #length = 0;
  #isLost = false;

  constructor(stream: Writable) {
    this.#stream = stream;
  }

  /** Whether there is enough to be flushed. */
  get shouldFlush(): boolean {
    return this.#length >= flushThreshold;
  }

  /** Whether nothing can be written any more. */
  get hasFailed(): boolean {
    return this.#isLost;
  }

  write(text: string): void {
    this.#lines.push(text);
    this.#length += text.length;
  }

  /** Resolves once all is handed on. Throws a ClosedPipe, or a TransientError where the disk is full. */
  async flush(): Promise<void> {
    if (this.#lines.length === 0) return;
    const text = `${this.#lines.join("\n")}\n`;
    this.#lines = [];
    this.#length = 0;
    await new Promise<void>((resolve, reject) => {
      this.#stream.write(text, (error) => {
        this.#isLost ||= error != null;
        if (!error) resolve();
        else if (isClosedPipe(error)) reject(new ClosedPipeError("closed", { cause: error }));
        else reject(outputError(error));
      });
    });
  }
}
