import { formatDuration } from "./format-duration.ts";
import { HttpError } from "./http-error.ts";

/** The time limits of one attempt. */
export interface TimeLimits {
  /** From the start to the last byte of the response. */
  readonly requestTimeoutMs: number;
  /** For DNS lookup, connection and TLS handshake. */
  readonly connectTimeoutMs: number;
  /** Between two chunks of the response. */
  readonly silenceTimeoutMs: number;
}

/** The deadline of one attempt: its signal aborts at the first time limit, or with `signal`. */
export class Deadline implements Disposable {
  readonly #controller = new AbortController();
  readonly #limits: TimeLimits;
  readonly #outer: AbortSignal;
  /** When the time for the whole response is over, by `performance.now()`. */
  #endsAt: number;
  #requestTimer: NodeJS.Timeout;
  /** The connection's timer; once connected, that of silence. */
  #progressTimer: NodeJS.Timeout;

  constructor(limits: TimeLimits, signal: AbortSignal) {
    this.#limits = limits;
    this.#outer = signal;
    signal.throwIfAborted();
    signal.addEventListener("abort", this.#stop, { once: true });
    const { requestTimeoutMs, connectTimeoutMs } = limits;
    this.#endsAt = performance.now() + requestTimeoutMs;
    this.#requestTimer = this.#startRequestTimer();
    this.#progressTimer = this.#after(
      connectTimeoutMs,
      `no connection within ${formatDuration(connectTimeoutMs)}`,
    );
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Starts to measure silence; call it once connected. */
  connected(): void {
    clearTimeout(this.#progressTimer);
    const { silenceTimeoutMs } = this.#limits;
    this.#progressTimer = this.#after(
      silenceTimeoutMs,
      `no data for ${formatDuration(silenceTimeoutMs)}`,
    );
  }

  /** Ends the silence; call it for every chunk. */
  bytesReceived(): void {
    this.#progressTimer.refresh();
  }

  /** Stops the clock while this waits for something that is not the service's doing. */
  async whilePaused<T>(wait: Promise<T>): Promise<T> {
    const pausedAt = performance.now();
    clearTimeout(this.#requestTimer);
    clearTimeout(this.#progressTimer);
    try {
      return await wait;
    } finally {
      this.#endsAt += performance.now() - pausedAt;
      this.#requestTimer = this.#startRequestTimer();
      this.connected();
    }
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#requestTimer);
    clearTimeout(this.#progressTimer);
    this.#outer.removeEventListener("abort", this.#stop);
  }

  readonly #stop = (): void => {
    this.#controller.abort(this.#outer.reason);
  };

  #startRequestTimer(): NodeJS.Timeout {
    const limit = formatDuration(this.#limits.requestTimeoutMs);
    const left = Math.max(0, this.#endsAt - performance.now());
    return this.#after(left, `no complete response within ${limit}`);
  }

  #after(milliseconds: number, message: string): NodeJS.Timeout {
    return setTimeout(() => {
      this.#controller.abort(new HttpError("timeout", message));
    }, milliseconds);
  }
}
