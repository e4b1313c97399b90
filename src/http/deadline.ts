import { formatDuration } from "./format-duration.ts";
import { HttpError } from "./http-error.ts";

/** How long one attempt may take, and no byte of it may come, in milliseconds. */
export interface TimeLimits {
  readonly requestTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly silenceTimeoutMs: number;
}

/** The time limits of one attempt. Its signal aborts when one of them passes, or with the signal it was given. */
export class Deadline implements Disposable {
  readonly #controller = new AbortController();
  readonly #limits: TimeLimits;
  readonly #outer: AbortSignal;
  readonly #whole: NodeJS.Timeout;
  #waiting: NodeJS.Timeout;

  constructor(limits: TimeLimits, signal: AbortSignal) {
    this.#limits = limits;
    this.#outer = signal;
    signal.throwIfAborted();
    signal.addEventListener("abort", this.#stop, { once: true });
    const { requestTimeoutMs, connectTimeoutMs } = limits;
    this.#whole = this.#after(
      requestTimeoutMs,
      `no complete answer in ${formatDuration(requestTimeoutMs)}`,
    );
    this.#waiting = this.#after(
      connectTimeoutMs,
      `no connection in ${formatDuration(connectTimeoutMs)}`,
    );
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The connection stands: from here on, silence counts. */
  connected(): void {
    clearTimeout(this.#waiting);
    const { silenceTimeoutMs } = this.#limits;
    this.#waiting = this.#after(silenceTimeoutMs, `silent for ${formatDuration(silenceTimeoutMs)}`);
  }

  /** Bytes came. */
  bytesReceived(): void {
    this.#waiting.refresh();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#whole);
    clearTimeout(this.#waiting);
    this.#outer.removeEventListener("abort", this.#stop);
  }

  readonly #stop = (): void => {
    this.#controller.abort(this.#outer.reason);
  };

  #after(milliseconds: number, message: string): NodeJS.Timeout {
    return setTimeout(() => {
      this.#controller.abort(new HttpError("timeout", message));
    }, milliseconds);
  }
}
