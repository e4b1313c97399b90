/** JSON that is sent as it is spelled here, even where `JSON.parse` would round it or refuse it. */
export class RawJson {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}
