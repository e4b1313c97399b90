const quote = 34;
const comma = 44;
const minus = 45;
const point = 46;
const zero = 48;
const nine = 57;
const colon = 58;
const openBracket = 91;
const backslash = 92;
const closeBracket = 93;
const openBrace = 123;
const closeBrace = 125;

/** A range of bytes: `start` inclusive, `end` exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** An array and its elements. */
export interface ArraySpan extends Span {
  readonly elements: readonly Span[];
}

/** A member of an object. */
export interface Member {
  /** Quotes included. */
  readonly key: Span;
  readonly value: Span | ArraySpan;
}

/** The bytes are not valid JSON. */
export class JsonSyntaxError extends Error {
  override readonly name = "JsonSyntaxError";
}

/**
 * Validates JSON and returns its outline: an array with its elements, or the members of an object;
 * undefined for any other value. Throws a JsonSyntaxError for whatever `JSON.parse` would reject.
 *
 * One pass over the bytes, at any depth of nesting, without creating a text or a value of the whole
 * page: a string above 128 KiB costs Node more than everything else that is done with a page.
 */
export function scanJson(bytes: Uint8Array): ArraySpan | readonly Member[] | undefined {
  const start = skipSpace(bytes, 0);
  if (bytes[start] === openBrace) {
    const members: Member[] = [];
    expectEnd(
      bytes,
      scanContainer(bytes, { start, close: closeBrace }, (at) => {
        const member = memberAt(bytes, at);
        members.push(member);
        return member.value.end;
      }),
    );
    return members;
  }
  const value = valueAt(bytes, start);
  expectEnd(bytes, value.end);
  return "elements" in value ? value : undefined;
}

function expectEnd(bytes: Uint8Array, at: number): void {
  if (skipSpace(bytes, at) < bytes.length) throw new JsonSyntaxError();
}

function memberAt(bytes: Uint8Array, at: number): Member {
  const start = startOfMemberValue(bytes, at);
  return { key: { start: at, end: endOfString(bytes, at) }, value: valueAt(bytes, start) };
}

function valueAt(bytes: Uint8Array, start: number): Span | ArraySpan {
  if (bytes[start] !== openBracket) return { start, end: endOfValue(bytes, start) };
  const elements: Span[] = [];
  const end = scanContainer(bytes, { start, close: closeBracket }, (at) => {
    const element = { start: at, end: endOfValue(bytes, at) };
    elements.push(element);
    return element.end;
  });
  return { start, end, elements };
}

/**
 * Calls `scanOne(offset)` for each element; it returns the offset after the element. Returns the
 * offset after the closing bracket.
 */
function scanContainer(
  bytes: Uint8Array,
  { start, close }: { readonly start: number; readonly close: number },
  scanOne: (at: number) => number,
): number {
  let at = skipSpace(bytes, start + 1);
  if (bytes[at] === close) return at + 1;
  for (;;) {
    at = skipSpace(bytes, scanOne(at));
    if (bytes[at] !== comma) break;
    at = skipSpace(bytes, at + 1);
  }
  if (bytes[at] !== close) throw new JsonSyntaxError();
  return at + 1;
}

/** The offset of a member's value, given the offset of its key. */
function startOfMemberValue(bytes: Uint8Array, at: number): number {
  if (bytes[at] !== quote) throw new JsonSyntaxError();
  const afterKey = skipSpace(bytes, endOfString(bytes, at));
  if (bytes[afterKey] !== colon) throw new JsonSyntaxError();
  return skipSpace(bytes, afterKey + 1);
}

function skipSpace(bytes: Uint8Array, at: number): number {
  let code = bytes[at];
  while (code === 32 || code === 10 || code === 13 || code === 9) code = bytes[++at];
  return at;
}

function endOfValue(bytes: Uint8Array, at: number): number {
  const first = bytes[at];
  if (first === quote) return endOfString(bytes, at);
  if (first === openBrace || first === openBracket) return endOfNested(bytes, at);
  return endOfScalar(bytes, at);
}

/** Not recursive: nesting may be deeper than the stack. */
function endOfNested(bytes: Uint8Array, start: number): number {
  /** The closing brackets of the open containers, innermost last. */
  const open: number[] = [];
  let at = start;
  for (;;) {
    const first = bytes[at];
    if (first === openBrace || first === openBracket) {
      const close = first === openBrace ? closeBrace : closeBracket;
      at = skipSpace(bytes, at + 1);
      if (bytes[at] !== close) {
        open.push(close);
        if (close === closeBrace) at = startOfMemberValue(bytes, at);
        continue;
      }
      at += 1;
    } else at = first === quote ? endOfString(bytes, at) : endOfScalar(bytes, at);
    for (;;) {
      const close = open.at(-1);
      if (close === undefined) return at;
      at = skipSpace(bytes, at);
      if (bytes[at] === comma) {
        at = skipSpace(bytes, at + 1);
        if (close === closeBrace) at = startOfMemberValue(bytes, at);
        break;
      }
      if (bytes[at] !== close) throw new JsonSyntaxError();
      open.pop();
      at += 1;
    }
  }
}

function endOfString(bytes: Uint8Array, start: number): number {
  let at = start + 1;
  for (;;) {
    const code = bytes[at];
    if (code === quote) return at + 1;
    if (code === backslash) at = endOfEscape(bytes, at + 1);
    // A control character, or undefined after the end.
    else if (!((code ?? 0) >= 32)) throw new JsonSyntaxError();
    else at += 1;
  }
}

const escapes = new Set(Array.from('"\\/bfnrt', (letter) => letter.charCodeAt(0)));
const letterU = 117;

function endOfEscape(bytes: Uint8Array, at: number): number {
  const code = bytes[at];
  if (code !== undefined && escapes.has(code)) return at + 1;
  if (code !== letterU) throw new JsonSyntaxError();
  for (let digit = at + 1; digit < at + 5; digit += 1) {
    if (!isHex(bytes[digit] ?? 0)) throw new JsonSyntaxError();
  }
  return at + 5;
}

function isHex(code: number): boolean {
  return isDigit(code) || (code >= 65 && code <= 70) || (code >= 97 && code <= 102);
}

function isDigit(code: number | undefined): boolean {
  return code !== undefined && code >= zero && code <= nine;
}

const literals = ["true", "false", "null"].map((word) => new TextEncoder().encode(word));

function endOfScalar(bytes: Uint8Array, at: number): number {
  const first = bytes[at];
  if (first === minus || isDigit(first)) return endOfNumber(bytes, at);
  const literal = literals.find((codes) =>
    codes.every((code, index) => bytes[at + index] === code),
  );
  if (!literal) throw new JsonSyntaxError();
  return at + literal.length;
}

function endOfNumber(bytes: Uint8Array, start: number): number {
  let at = bytes[start] === minus ? start + 1 : start;
  at = bytes[at] === zero ? at + 1 : endOfDigits(bytes, at);
  if (bytes[at] === point) at = endOfDigits(bytes, at + 1);
  const code = bytes[at];
  if (code !== 69 && code !== 101) return at;
  const sign = bytes[at + 1];
  return endOfDigits(bytes, sign === minus || sign === 43 ? at + 2 : at + 1);
}

function endOfDigits(bytes: Uint8Array, start: number): number {
  let at = start;
  while (isDigit(bytes[at])) at += 1;
  if (at === start) throw new JsonSyntaxError();
  return at;
}
