/** The server was reached, and is not of the kind that `target_session_attrs` wants. */
export class UnsuitableServerError extends Error {
  override readonly name = "UnsuitableServerError";

  constructor(where: string, found: string) {
    super(`${where} is ${found}`);
  }
}
