import type { Writable } from "node:stream";

/** Who reads has closed the pipe, and wants no more. */
export class ClosedPipe extends Error {
  override readonly name = "ClosedPipe";
}

/** How much is put together before it is written. */
const enough = 2 ** 18;

/** Lines of a tap, written in large pieces, and no faster than they are read. */
export class Output {
  readonly #stream: Writable;
  #lines: string[] = [];
  #length = 0;

  constructor(stream: Writable) {
    this.#stream = stream;
  }

  /** Whether there is enough to be flushed. */
  get isFull(): boolean {
    return this.#length >= enough;
  }

  line(text: string): void {
    this.#lines.push(text);
    this.#length += text.length;
  }

  /** Resolves once all is handed on. Throws a ClosedPipe. */
  async flush(): Promise<void> {
    if (this.#lines.length === 0) return;
    const text = `${this.#lines.join("\n")}\n`;
    this.#lines = [];
    this.#length = 0;
    await new Promise<void>((resolve, reject) => {
      this.#stream.write(text, (error) => {
        if (!error) resolve();
        else reject(isClosed(error) ? new ClosedPipe("closed", { cause: error }) : error);
      });
    });
  }
}

function isClosed(error: Error): boolean {
  return (
    "code" in error &&
    ["EPIPE", "ERR_STREAM_DESTROYED", "ECONNRESET", "EOF"].includes(String(error.code))
  );
}
