/** What a source's HTTP client has done so far; the summary of a sync shows it. */
export interface RequestStats {
  requests: number;
  retries: number;
  /** Bytes of response bodies, after decompression. */
  bytes: number;
  /** Milliseconds that requests waited because the service asked for it or failed. */
  waitedMs: number;
  /** When the pause that the service last asked for ends, in milliseconds since 1970. Absent where it asked for none. */
  pausedUntil?: number;
  /** Absent where it may be asked. */
  deferral?: Deferral;
}

/** What a service said that wants no request for longer than it is waited for. */
export interface Deferral {
  readonly message: string;
  readonly status: number | undefined;
  /** Until when, in milliseconds since 1970. */
  readonly until: number;
}

export function newRequestStats(): RequestStats {
  return { requests: 0, retries: 0, bytes: 0, waitedMs: 0 };
}
