import type { Document, Identified } from "./document.ts";
import type { UserRow, SyntheticUsers } from "./synthetic-users.ts";

export interface IdRange {
  /** No smaller id than this one. */
  readonly from?: string | undefined;
  /** No greater id than this one. */
  readonly to?: string | undefined;
}

/** The users of an app: synthetic ones, and on top of them those that were added, changed or deleted. */
export class UserCollection {
  readonly #synthetic: SyntheticUsers;
  /** Numbers of synthetic users that were changed or deleted. */
  readonly #hidden = new Set<number>();
  readonly #documents = new Map<string, Document>();
  /** Where the documents stand by id, once that is needed. */
  #order: SortedDocument[] | undefined;

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
    this.#order = undefined;
    this.#documents.set(id, document);
  }

  delete(id: string): void {
    this.#hide(id);
    if (this.#documents.delete(id)) this.#order = undefined;
  }

  /** All users, as the database happens to keep them. */
  *rows(): Iterable<UserRow> {
    for (let number = 0; number < this.#synthetic.count; number += 1) {
      if (!this.#hidden.has(number)) yield this.#synthetic.row(number);
    }
    for (const document of this.#documents.values()) yield toRow(document);
  }

  /** The users whose ids lie in a range, by id. */
  *byId({ from, to }: IdRange, direction: 1 | -1): Iterable<UserRow> {
    const synthetic = this.#synthetic;
    const low = from === undefined ? 0 : synthetic.lowerBound(from);
    // No id goes on after its last digit, so that "~" comes after the id itself and before the next one.
    const high = to === undefined ? synthetic.count : synthetic.lowerBound(`${to}~`);
    const places = this.#places().filter(
      ({ id }) => (from === undefined || id >= from) && (to === undefined || id <= to),
    );
    if (direction < 0) places.reverse();
    let next = 0;
    for (let step = 0; step < high - low; step += 1) {
      const index = direction > 0 ? low + step : high - 1 - step;
      let place = places[next];
      while (place && precedes(place, index, direction)) {
        yield toRow(place.document);
        place = places[(next += 1)];
      }
      const number = synthetic.order[index] ?? 0;
      if (!this.#hidden.has(number)) yield synthetic.row(number);
    }
    for (const { document } of places.slice(next)) yield toRow(document);
  }

  #places(): readonly SortedDocument[] {
    return (this.#order ??= Array.from(this.#documents, ([id, document]) => ({
      id,
      document,
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
  readonly document: Document;
  /** How many synthetic users have a smaller id. */
  readonly index: number;
}

/** Whether a document comes before the synthetic user at an index, in the direction of the walk. */
function precedes({ index }: SortedDocument, synthetic: number, direction: 1 | -1): boolean {
  return direction > 0 ? index <= synthetic : index > synthetic;
}

function toRow(document: Document): UserRow {
  return { member: (name) => document[name], document };
}
