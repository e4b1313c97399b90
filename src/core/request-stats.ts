/** What a source's HTTP clients have done so far in a sync; shared by all of them. */
export interface RequestStats {
  requests: number;
  retries: number;
  /** Bytes of response bodies, after decompression. */
  bytes: number;
  /** Milliseconds waited before retries, and because the service asked for a pause. */
  waitedMs: number;
  /** When the latest pause that the service asked for ends, in milliseconds since 1970. */
  pausedUntil?: number;
  /** The latest deferral; requests fail unsent while it lasts. */
  deferral?: Deferral;
}

/** The service asked for a pause above `maxWaitMs`; until `until` (ms), requests fail unsent. */
interface Deferral {
  readonly message: string;
  readonly status: number | undefined;
  /** Milliseconds since 1970. */
  readonly until: number;
}

/** Statistics that start at 0. */
export function newRequestStats(): RequestStats {
  return { requests: 0, retries: 0, bytes: 0, waitedMs: 0 };
}
