import type { Document, Value } from "./document.ts";
import { deviceMembers, deviceOf, formatTimestamp, userId } from "./user.ts";
import type { TimestampFormat } from "./user.ts";

interface SyntheticOptions {
  readonly key: string;
  readonly count: number;
  /** The last synchronisation of the youngest of them, in seconds since 1970. */
  readonly untilSeconds: number;
  readonly timestampFormat: TimestampFormat;
}

/** A document of which single members can be had without the rest. */
export interface UserRow {
  member(name: string): Value | undefined;
  readonly document: Document;
}

/** Users of whom nothing is kept but their order: everything about one follows from the app's key and the user's number. */
export class SyntheticUsers {
  readonly count: number;
  readonly #key: string;
  readonly #members: MemberGenerators;
  #order: Uint32Array | undefined;

  constructor(options: SyntheticOptions) {
    this.count = options.count;
    this.#key = options.key;
    this.#members = memberGenerators(options);
  }

  /** The user of a number from 0 up to, and not including, the count. */
  row(number: number): UserRow {
    return new SyntheticRow(number, this.#members);
  }

  id(number: number): string {
    return userId(this.#key, deviceId(number));
  }

  /** The numbers in the order of their ids. */
  get order(): Uint32Array {
    return (this.#order ??= this.#sorted());
  }

  /** Where in `order` the first id stands that is not less than the given one. */
  lowerBound(id: string): number {
    let [low, high] = [0, this.count];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.id(this.order[middle] ?? 0) < id) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The number of the user with this id. */
  findNumber(id: string): number | undefined {
    const number = this.order[this.lowerBound(id)];
    return number !== undefined && this.id(number) === id ? number : undefined;
  }

  #sorted(): Uint32Array {
    const ids = Array.from({ length: this.count }, (_, number) => this.id(number));
    const numbers = Uint32Array.from(ids.keys());
    return numbers.sort((a, b) => ((ids[a] ?? "") < (ids[b] ?? "") ? -1 : 1));
  }
}

class SyntheticRow implements UserRow {
  readonly #number: number;
  readonly #members: MemberGenerators;
  /** The one member that takes long to make, for the query and for the document. */
  #id: Value | undefined;

  constructor(number: number, members: MemberGenerators) {
    this.#number = number;
    this.#members = members;
  }

  member(name: string): Value | undefined {
    if (name === "_id" && this.#id !== undefined) return this.#id;
    const value = this.#members.get(name)?.(this.#number);
    if (name === "_id") this.#id = value;
    return value;
  }

  get document(): Document {
    const document: Record<string, Value> = {};
    for (const name of this.#members.keys()) {
      const value = this.member(name);
      if (value !== undefined) document[name] = value;
    }
    return document;
  }
}

type MemberGenerators = ReadonlyMap<string, (number: number) => Value | undefined>;

const year = 365 * 24 * 60 * 60;

function memberGenerators({
  key,
  count,
  untilSeconds,
  timestampFormat,
}: SyntheticOptions): MemberGenerators {
  // The higher the number, the later the last synchronisation, over a year in all.
  const seen = (number: number): number =>
    untilSeconds - Math.floor(((count - 1 - number) * year) / Math.max(count, 1));
  const born = (number: number): number => seen(number) - (number % 97) * 86_400;
  const device = (name: string) => (number: number) => deviceOf(number)[name];
  return new Map<string, (number: number) => Value | undefined>([
    ["_id", (number) => userId(key, deviceId(number))],
    ["did", deviceId],
    ["uid", (number) => (number + 1).toString(36)],
    ["fs", born],
    ["ls", seen],
    ["fac", born],
    ["lac", seen],
    ["first_sync", (number) => formatTimestamp(born(number), timestampFormat)],
    ["last_sync", (number) => formatTimestamp(seen(number), timestampFormat)],
    ["lu", (number) => new Date(seen(number) * 1000)],
    ["sc", (number) => 1 + (number % 50)],
    ["sd", (number) => number % 600],
    ["tsd", (number) => (number % 50) * 120],
    ["hos", () => false],
    ...deviceMembers.map((name) => [name, device(name)] as const),
    ["name", (number) => (number % 3 === 0 ? `User ${number + 1}` : undefined)],
    ["email", (number) => (number % 3 === 0 ? `user${number + 1}@example.com` : undefined)],
    ["byear", (number) => (number % 5 === 0 ? 1950 + (number % 60) : undefined)],
    ["custom", (number) => ({ plan: number % 4 === 0 ? "pro" : "free", score: number % 1000 })],
  ]);
}

function deviceId(number: number): string {
  return `device-${number + 1}`;
}
