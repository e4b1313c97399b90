import type { Document, Value } from "./document.ts";
import { deviceMembers, deviceOf, formatTimestamp, userId } from "./user.ts";
import type { TimestampFormat } from "./user.ts";

interface SyntheticOptions {
  readonly key: string;
  readonly count: number;
  /** `last_sync` of the user with the highest number, in seconds since 1970. */
  readonly untilSeconds: number;
  readonly timestampFormat: TimestampFormat;
}

/** A document whose members can be read one by one, without building the rest. */
export interface UserRow {
  member(name: string): Value | undefined;
  readonly document: Document;
}

/** Users generated on demand from the app's key and their number; only their id order is stored. */
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

  /** The user with this number, in [0, count). */
  row(number: number): UserRow {
    return new SyntheticRow(number, this.#members);
  }

  id(number: number): string {
    return userId(this.#key, deviceId(number));
  }

  /** The numbers of all users, sorted by id. */
  get order(): Uint32Array {
    return (this.#order ??= this.#sorted());
  }

  /** The index in `order` of the first id that is not less than the given one. */
  lowerBound(id: string): number {
    let [low, high] = [0, this.count];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.id(this.order[middle] ?? 0) < id) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The number of the user with this id, or undefined. */
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
  /** Cached, because it is a hash and both the query and the document need it. */
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
  // The higher the number, the later the last sync; all of them lie within a year.
  const lastSeen = (number: number): number =>
    untilSeconds - Math.floor(((count - 1 - number) * year) / Math.max(count, 1));
  const firstSeen = (number: number): number => lastSeen(number) - (number % 97) * 86_400;
  const device = (name: string) => (number: number) => deviceOf(number)[name];
  return new Map<string, (number: number) => Value | undefined>([
    ["_id", (number) => userId(key, deviceId(number))],
    ["did", deviceId],
    ["uid", (number) => (number + 1).toString(36)],
    ["fs", firstSeen],
    ["ls", lastSeen],
    ["fac", firstSeen],
    ["lac", lastSeen],
    ["first_sync", (number) => formatTimestamp(firstSeen(number), timestampFormat)],
    ["last_sync", (number) => formatTimestamp(lastSeen(number), timestampFormat)],
    ["lu", (number) => new Date(lastSeen(number) * 1000)],
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
