/** Cuts what one side of a connection sends into whole messages of the Postgres protocol. */
export class MessageSplitter {
  #rest: Buffer = Buffer.alloc(0);
  /** Whether messages begin with their type. A client's first ones do not. */
  isTyped: boolean;

  constructor({ isTyped }: { readonly isTyped: boolean }) {
    this.isTyped = isTyped;
  }

  /** The messages that a chunk completes. */
  *split(chunk: Buffer): Generator<Buffer> {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    for (;;) {
      const lengthAt = this.isTyped ? 1 : 0;
      if (this.#rest.length < lengthAt + 4) return;
      const end = lengthAt + this.#rest.readInt32BE(lengthAt);
      if (this.#rest.length < end) return;
      const message = this.#rest.subarray(0, end);
      this.#rest = this.#rest.subarray(end);
      yield message;
    }
  }
}

/** The type of a message that has one. */
export function messageType(message: Buffer): string {
  return message.toString("latin1", 0, 1);
}

/** A message with its type and length. */
export function newMessage(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(type, "latin1");
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}
