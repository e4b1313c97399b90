/**
 * A number of JSON that a double would round, and that is no integer: `text` is how the service
 * spelled it. Give it to a column as it is, or alone in an object of a `json` column.
 */
export class ExactNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  /** The number as it was spelled. */
  toString(): string {
    return this.text;
  }

  /** As a bigint does: `JSON.stringify` could only round it, or make it a string. */
  toJSON(): never {
    throw new TypeError("JSON.stringify would change a number; give the object to a json column");
  }
}
