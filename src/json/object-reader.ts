import { endOfString, endOfValue, skipSpace, unquote } from "./text-scanner.ts";

const comma = 44;
const quote = 34;
const minus = 45;
const zero = 48;
const nine = 57;
const openBrace = 123;
const closeBrace = 125;

/** An object's members by name, each as JSON text as the service spelled it. A Map will do. */
export interface Members {
  get(name: string): string | undefined;
}

/** One object's members in the order of its text. Of duplicate names, the last wins. */
export class ObjectMembers implements Members {
  /** The same array instance for all objects with these names in this order. */
  readonly names: readonly string[];
  readonly #text: string;
  /** The start and the end of each value in turn. */
  readonly #offsets: readonly number[];
  readonly #hasEscapes: boolean;

  constructor(text: string, names: readonly string[], offsets: readonly number[]) {
    this.names = names;
    this.#text = text;
    this.#offsets = offsets;
    this.#hasEscapes = text.includes("\\");
  }

  get(name: string): string | undefined {
    const index = this.names.lastIndexOf(name);
    return index < 0 ? undefined : this.at(index);
  }

  /** The JSON text of the member at this index of `names`. */
  at(index: number): string {
    return this.#text.slice(this.#offsets[index * 2], this.#offsets[index * 2 + 1]);
  }

  /** The member as text: a string unquoted, any other value as the service spelled it. */
  textAt(index: number): string {
    const start = this.#offsets[index * 2] ?? 0;
    const end = this.#offsets[index * 2 + 1] ?? 0;
    if (this.#text.charCodeAt(start) !== quote) return this.#text.slice(start, end);
    if (this.#hasEscapes) return unquote(this.#text.slice(start, end));
    return this.#text.slice(start + 1, end - 1);
  }

  /** Whether the member at this index of `names` is null. */
  isNull(index: number): boolean {
    return this.#text.startsWith("null", this.#offsets[index * 2]);
  }

  /** Whether the member at this index of `names` is a string or a number. */
  isText(index: number): boolean {
    const code = this.#text.charCodeAt(this.#offsets[index * 2] ?? 0);
    return code === quote || code === minus || (code >= zero && code <= nine);
  }
}

interface NameList {
  readonly names: readonly string[];
  /** The same names; undefined for those that JSON has to escape. */
  readonly unescaped: readonly (string | undefined)[];
}

/** The number of name lists to cache: enough for any sane list, and bounded for the others. */
const maxNameLists = 100;

/**
 * Reads the members of many similar objects. Names are compared with those of the previous object
 * instead of being created again, and equal lists of names share one array, so that callers can
 * cache by its identity what depends on names alone.
 */
export class ObjectReader {
  readonly #cache = new Map<string, NameList>();
  #last: NameList = { names: [], unescaped: [] };

  /** The members of an object, undefined for any other value. The text must be valid JSON. */
  read(text: string): ObjectMembers | undefined {
    const start = skipSpace(text, 0);
    if (text.charCodeAt(start) !== openBrace) return undefined;
    const { names, unescaped } = this.#last;
    const offsets: number[] = [];
    /** All names so far, from the first that differs from the previous object's. */
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
      offsets.push(from, to);
      count += 1;
      at = skipSpace(text, to);
      if (text.charCodeAt(at) === comma) at = skipSpace(text, at + 1);
    }
    if (others) this.#expect(others);
    else if (count < names.length) this.#expect(names.slice(0, count));
    return new ObjectMembers(text, this.#last.names, offsets);
  }

  #expect(names: readonly string[]): void {
    const key = JSON.stringify(names);
    this.#last = this.#cache.get(key) ?? this.#addToCache(key);
  }

  #addToCache(key: string): NameList {
    const list = parseNames(key);
    if (this.#cache.size >= maxNameLists) this.#cache.clear();
    this.#cache.set(key, list);
    return list;
  }
}

/** Parses the names again, because a slice would keep the text of its whole object in memory. */
function parseNames(key: string): NameList {
  const names = JSON.parse(key) as readonly string[];
  return { names, unescaped: names.map((name) => (/["\\]/.test(name) ? undefined : name)) };
}

/** Whether the quoted key at this offset is exactly `name`. */
function isKeyAt(text: string, at: number, name: string): boolean {
  return text.charCodeAt(at + name.length + 1) === quote && text.startsWith(name, at + 1);
}
