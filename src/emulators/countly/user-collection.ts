import type { Document, Identified } from "./document.ts";
import type { SyntheticUsers, UserRow } from "./synthetic-users.ts";

/** A range of ids, both ends inclusive and optional. */
export interface IdRange {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/** The users of an app: synthetic ones, overlaid with those added, changed or deleted. */
export class UserCollection {
  readonly #synthetic: SyntheticUsers;
  /** Numbers of the synthetic users that were changed or deleted. */
  readonly #hidden = new Set<number>();
  readonly #documents = new Map<string, Document>();
  /** The documents by id, sorted on first use. */
  #sorted: SortedDocument[] | undefined;

  constructor(synthetic: SyntheticUsers) {
    this.#synthetic = synthetic;
  }

  get size(): number {
    return this.#synthetic.count - this.#hidden.size + this.#documents.size;
  }

  get(id: string): Document | undefined {
    const document = this.#documents.get(id);
    if (document) return document;
    const number = this.#visible(id);
    return number === undefined ? undefined : this.#synthetic.row(number).document;
  }

  /** Adds a document, or replaces the one with its `_id`. */
  put(document: Identified): void {
    const id = document._id;
    this.#hide(id);
    this.#sorted = undefined;
    this.#documents.set(id, document);
  }

  delete(id: string): void {
    this.#hide(id);
    if (this.#documents.delete(id)) this.#sorted = undefined;
  }

  /** All users in storage order. */
  *rows(): Iterable<UserRow> {
    for (let number = 0; number < this.#synthetic.count; number += 1) {
      if (!this.#hidden.has(number)) yield this.#synthetic.row(number);
    }
    for (const document of this.#documents.values()) yield toRow(document);
  }

  /** The users in a range of ids, sorted by id. */
  *byId({ from, to }: IdRange, direction: 1 | -1): Iterable<UserRow> {
    const synthetic = this.#synthetic;
    const low = from === undefined ? 0 : synthetic.lowerBound(from);
    // "~" sorts after every hexadecimal digit, so `${to}~` lies between `to` and the next id.
    const high = to === undefined ? synthetic.count : synthetic.lowerBound(`${to}~`);
    const documents = this.#sortedDocuments().filter(
      ({ id }) => (from === undefined || id >= from) && (to === undefined || id <= to),
    );
    if (direction < 0) documents.reverse();
    let next = 0;
    for (let step = 0; step < high - low; step += 1) {
      const index = direction > 0 ? low + step : high - 1 - step;
      let document = documents[next];
      while (document && precedes(document, index, direction)) {
        yield toRow(document.fields);
        document = documents[(next += 1)];
      }
      const number = synthetic.order[index] ?? 0;
      if (!this.#hidden.has(number)) yield synthetic.row(number);
    }
    for (const { fields } of documents.slice(next)) yield toRow(fields);
  }

  #sortedDocuments(): readonly SortedDocument[] {
    return (this.#sorted ??= Array.from(this.#documents, ([id, fields]) => ({
      id,
      fields,
      index: this.#synthetic.lowerBound(id),
    })).sort((a, b) => (a.id < b.id ? -1 : 1)));
  }

  #visible(id: string): number | undefined {
    if (this.#synthetic.count === 0) return undefined;
    const number = this.#synthetic.findNumber(id);
    return number === undefined || this.#hidden.has(number) ? undefined : number;
  }

  #hide(id: string): void {
    const number = this.#visible(id);
    if (number !== undefined) this.#hidden.add(number);
  }
}

interface SortedDocument {
  readonly id: string;
  readonly fields: Document;
  /** The number of synthetic users with a smaller id. */
  readonly index: number;
}

/** Whether a document comes before the synthetic user at an index, in the sort direction. */
function precedes({ index }: SortedDocument, synthetic: number, direction: 1 | -1): boolean {
  return direction > 0 ? index <= synthetic : index > synthetic;
}

function toRow(document: Document): UserRow {
  return { member: (name) => document[name], document };
}
