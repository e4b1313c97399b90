import type { Rejected } from "../../../core/source.ts";

/**
 * Memory that a row's many short columns take beside its text. Counting only the text would let
 * too many rows wait for the writer.
 */
export const rowOverheadBytes = 2048;

/** The users of a page. */
export interface UserTexts {
  /** Documents, as JSON texts. */
  readonly texts: readonly string[];
  /** What was on the page and does not belong to the app. */
  readonly rejected?: readonly Rejected[];
  readonly bytes: number;
  readonly held?: Disposable | undefined;
}
