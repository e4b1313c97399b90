import { endOfString, endOfValue, skipSpace, unquote } from "./text-scanner.ts";

const comma = 44;
const quote = 34;
const openBrace = 123;
const closeBrace = 125;

/** The members of an object, each as the service spelled it; a Map of them is one. */
export interface Members {
  get(name: string): string | undefined;
}

/** The members of one object, in the order of its text. Of a name that stands twice, the last counts. */
export class ObjectMembers implements Members {
  /** The same list for all objects with these names in this order. */
  readonly names: readonly string[];
  readonly #text: string;
  /** Where each value begins and ends. */
  readonly #places: readonly number[];
  readonly #hasEscapes: boolean;

  constructor(text: string, names: readonly string[], places: readonly number[]) {
    this.names = names;
    this.#text = text;
    this.#places = places;
    this.#hasEscapes = text.includes("\\");
  }

  get(name: string): string | undefined {
    const index = this.names.lastIndexOf(name);
    return index < 0 ? undefined : this.at(index);
  }

  /** The value of the member that stands at this place among the names. */
  at(index: number): string {
    return this.#text.slice(this.#places[index * 2], this.#places[index * 2 + 1]);
  }

  /** The same value as a text column has it: a string without its quotes, all else as it was spelled. */
  textAt(index: number): string {
    const start = this.#places[index * 2] ?? 0;
    const end = this.#places[index * 2 + 1] ?? 0;
    if (this.#text.charCodeAt(start) !== quote) return this.#text.slice(start, end);
    if (this.#hasEscapes) return unquote(this.#text.slice(start, end));
    return this.#text.slice(start + 1, end - 1);
  }

  isNull(index: number): boolean {
    return this.#text.startsWith("null", this.#places[index * 2]);
  }
}

/** Names, and how each is spelled between its quotes; undefined for those that need escapes. */
interface NameList {
  readonly names: readonly string[];
  readonly unescaped: readonly (string | undefined)[];
}

/** So many lists of names are remembered. */
const maxNameLists = 100;

/**
 * Reads the members of objects that come one after the other and are mostly alike: their names are compared with those of the object before
 * instead of being made anew, and what depends on names alone is found out once for each list of them.
 */
export class ObjectReader {
  readonly #known = new Map<string, NameList>();
  #last: NameList = { names: [], unescaped: [] };

  /** The members; undefined where the text is no object. Expects text that `JSON.parse` accepts. */
  read(text: string): ObjectMembers | undefined {
    const start = skipSpace(text, 0);
    if (text.charCodeAt(start) !== openBrace) return undefined;
    const { names, unescaped } = this.#last;
    const places: number[] = [];
    /** All names so far, once one is not the expected. */
    let others: string[] | undefined;
    let count = 0;
    let at = skipSpace(text, start + 1);
    while (text.charCodeAt(at) !== closeBrace) {
      const name = unescaped[count];
      let endOfKey: number;
      if (name !== undefined && isKeyAt(text, at, name)) {
        endOfKey = at + name.length + 2;
        others?.push(name);
      } else {
        endOfKey = endOfString(text, at);
        others ??= names.slice(0, count);
        others.push(unquote(text.slice(at, endOfKey)));
      }
      const from = skipSpace(text, skipSpace(text, endOfKey) + 1);
      const to = endOfValue(text, from);
      places.push(from, to);
      count += 1;
      at = skipSpace(text, to);
      if (text.charCodeAt(at) === comma) at = skipSpace(text, at + 1);
    }
    if (others) this.#expect(others);
    else if (count < names.length) this.#expect(names.slice(0, count));
    return new ObjectMembers(text, this.#last.names, places);
  }

  #expect(found: readonly string[]): void {
    const key = JSON.stringify(found);
    this.#last = this.#known.get(key) ?? this.#remember(key);
  }

  #remember(key: string): NameList {
    const names = parseNames(key);
    if (this.#known.size >= maxNameLists) this.#known.clear();
    this.#known.set(key, names);
    return names;
  }
}

/** Parsed, so that no name keeps the text that it was found in. */
function parseNames(key: string): NameList {
  const names = JSON.parse(key) as readonly string[];
  return { names, unescaped: names.map((name) => (/["\\]/.test(name) ? undefined : name)) };
}

/** Whether the key that stands here, in quotes, is spelled like this. */
function isKeyAt(text: string, at: number, name: string): boolean {
  return text.charCodeAt(at + name.length + 1) === quote && text.startsWith(name, at + 1);
}
