/** A value does not fit its column; the row goes into quarantine. The message omits the value. */
export class ValueError extends Error {
  override readonly name = "ValueError";
}
