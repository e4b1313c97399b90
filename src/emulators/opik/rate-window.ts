/** At most `limit` requests in each window of `windowMs`, in real time. */
export interface RateWindowFault {
  /** The name of the bucket as in the headers, such as `Workspace` or `Get-Traces`. */
  readonly bucket: string;
  readonly limit: number;
  readonly windowMs: number;
}

/** Counts requests in windows of real time, as the service does. */
export class RateWindow {
  readonly #current: () => RateWindowFault | undefined;
  readonly #nowMs: () => number;
  #startedMs = -Infinity;
  #requests = 0;

  constructor(current: () => RateWindowFault | undefined, nowMs = () => performance.now()) {
    this.#current = current;
    this.#nowMs = nowMs;
  }

  /** Counts a request, and returns the headers of its response. Undefined without a limit. */
  countRequest(): { isRefused: boolean; headers: Record<string, string> } | undefined {
    const fault = this.#current();
    if (!fault) return undefined;
    const { bucket, limit, windowMs } = fault;
    const nowMs = this.#nowMs();
    if (nowMs >= this.#startedMs + windowMs) {
      this.#startedMs = nowMs;
      this.#requests = 0;
    }
    this.#requests += 1;
    const leftMs = Math.ceil(this.#startedMs + windowMs - nowMs);
    const isRefused = this.#requests > limit;
    return {
      isRefused,
      headers: {
        [`Opik-${bucket}-Limit`]: bucket.toLowerCase(),
        [`Opik-${bucket}-Remaining-Limit`]: String(Math.max(0, limit - this.#requests)),
        [`Opik-${bucket}-Remaining-Limit-TTL-Millis`]: String(leftMs),
        // Whole seconds, rounded down: up to a second too short.
        ...(isRefused && { "RateLimit-Reset": String(Math.max(1, Math.floor(leftMs / 1000))) }),
      },
    };
  }
}
