/** JSON text that is sent unchanged, even if `JSON.parse` would round or reject it. */
export class RawJson {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}
