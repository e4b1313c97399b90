/** The server has not answered a statement in time. Whether it was executed is unknown. */
export class UnansweredError extends Error {
  override readonly name = "UnansweredError";

  constructor(waitedMs: number) {
    super(`no answer for ${waitedMs / 1000} seconds`);
  }
}
