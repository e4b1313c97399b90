import type { Writable } from "node:stream";
import { isClosedPipe, outputError } from "../core/output-error.ts";

/** The reader closed the pipe. */
export class ClosedPipeError extends Error {
  override readonly name = "ClosedPipeError";
}

/** Characters. */
const flushThreshold = 2 ** 18;

/** How long a reader may take to read on after an interruption, in milliseconds. */
const graceMs = 2000;

interface LineOutputOptions {
  /** After it aborts, a reader that does not read on is not waited for. */
  readonly signal: AbortSignal;
  /** Makes what is written harmless for a terminal. */
  readonly show?: ((text: string) => string) | undefined;
}

/** Buffers a tap's lines and writes them in large chunks, at the reader's pace. */
export class LineOutput {
  readonly #stream: Writable;
  #lines: string[] = [];
  #length = 0;
  #hasFailed = false;
  readonly #show: (text: string) => string;
  readonly #signal: AbortSignal;
  /** Fails the write that waits for the reader. */
  #failWrite: (reason: Error) => void = () => undefined;

  constructor(stream: Writable, { signal, show = (text) => text }: LineOutputOptions) {
    this.#stream = stream;
    this.#show = show;
    this.#signal = signal;
    const giveUpLater = (): void => {
      setTimeout(() => {
        this.#giveUp();
      }, graceMs).unref();
    };
    signal.addEventListener("abort", giveUpLater, { once: true });
  }

  /** Whether enough lines are buffered to call `flush`. */
  get shouldFlush(): boolean {
    return this.#length >= flushThreshold;
  }

  /** Whether a write has failed, so that no more is possible. */
  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  /** Buffers a line, given without its end. */
  write(text: string): void {
    this.#lines.push(text);
    this.#length += text.length;
  }

  /**
   * Resolves once all buffered lines are written.
   *
   * @throws ClosedPipeError if the reader closed the pipe
   * @throws TransientError if the disk is full
   * @throws the reason of the interruption if the reader does not read on after it
   */
  async flush(): Promise<void> {
    if (this.#lines.length === 0) return;
    if (this.#hasFailed) this.#signal.throwIfAborted();
    const text = this.#show(`${this.#lines.join("\n")}\n`);
    this.#lines = [];
    this.#length = 0;
    await new Promise<void>((resolve, reject) => {
      this.#failWrite = reject;
      this.#stream.write(text, (error) => {
        this.#hasFailed ||= error != null;
        if (!error) resolve();
        else if (isClosedPipe(error)) reject(new ClosedPipeError("closed", { cause: error }));
        else reject(outputError(error));
      });
    });
  }

  #giveUp(): void {
    this.#hasFailed = true;
    this.#failWrite(this.#signal.reason as Error);
  }
}
