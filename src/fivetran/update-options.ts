import type { Log } from "../core/log.ts";
import type { Stream } from "../core/source.ts";
import type { Selection } from "./requests.ts";

export interface UpdateOptions {
  /** Checks the configuration, and makes the streams; a state of another identity than theirs is refused. */
  readonly open: () => { readonly streams: readonly Stream[]; readonly identity: string };
  readonly selection: Selection | null | undefined;
  readonly stateJson: string | undefined;
  /** So many characters of a table's keys are remembered in the state, to know what is gone; of more, only digests. */
  readonly maxKeyCharacters: number;
  readonly startedAt: Date;
  readonly signal: AbortSignal;
  readonly log: Log;
  /** Takes out what must never be shown. */
  readonly redact: (text: string) => string;
}
