import type { Log } from "../core/log.ts";
import type { Stream } from "../core/source.ts";
import type { Selection } from "./requests.ts";

/** What an `Update` call reads, and where it resumes. */
export interface UpdateOptions {
  /** Validates the configuration and creates the streams; `identity` must be that of the state. */
  readonly open: () => { readonly streams: readonly Stream[]; readonly identity: string };
  readonly selection: Selection | null | undefined;
  /** The state of the last sync; undefined on the first. */
  readonly stateJson: string | undefined;
  /** Characters of keys that the state keeps per table; beyond, only digests. */
  readonly maxKeyCharacters: number;
  readonly startedAt: Date;
  readonly signal: AbortSignal;
  readonly log: Log;
  /** Removes secrets. */
  readonly redact: (text: string) => string;
}
