import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  escapeUnstorable,
  escapeUnstorableJson,
  unescapeUnstorable,
} from "../../src/destination/sql/text-escaping.ts";

const piece = fc.constantFrom(
  ...["\\", "\\\\", "\0", "\ud83d", "\ude00", "u0000", "ud83d", "ude00", "uD800", "00", '"', "a"],
);
const hostile = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(""));

/** Writes a JSON string with as many escapes as possible, or as few. */
function toJson(text: string, ascii: boolean): string {
  const units = [...Array(text.length).keys()].map((index) => {
    const unit = text.charAt(index);
    if (unit === "\\" || unit === '"') return `\\${unit}`;
    const code = text.charCodeAt(index);
    if (code >= 32 && (code < 127 || !ascii)) return unit;
    return `\\u${code.toString(16).padStart(4, "0")}`;
  });
  return `"${units.join("")}"`;
}

describe("escaping", () => {
  test("any text becomes text without U+0000 and lone surrogates, and is restored", () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const escaped = escapeUnstorable(text);
        expect(escaped.includes("\0")).toBe(false);
        expect(escaped.isWellFormed()).toBe(true);
        expect(unescapeUnstorable(escaped)).toBe(text);
      }),
      { numRuns: 20_000 },
    );
  });

  test("the strings of any JSON become such text, and are restored", () => {
    fc.assert(
      fc.property(hostile, fc.boolean(), (text, ascii) => {
        const escaped = JSON.parse(escapeUnstorableJson(toJson(text, ascii))) as string;
        expect(escaped.includes("\0")).toBe(false);
        expect(escaped.isWellFormed()).toBe(true);
        expect(unescapeUnstorable(escaped)).toBe(text);
      }),
      { numRuns: 20_000 },
    );
  });

  test.each([
    ["plain text", "plain text"],
    ["C:\\users\\0000", "C:\\users\\0000"],
    [
      "an emoji as programs write it in ASCII: \\ud83d\\ude00",
      "an emoji as programs write it in ASCII: \\ud83d\\ude00",
    ],
    ["\0", "\\u0000"],
    ["\ud800", "\\ud800"],
    ["\\u0000", "\\\\u0000"],
    ["\\\0", "\\\\\\u0000"],
  ])("escapes %j as %j", (text, escaped) => {
    expect(escapeUnstorable(text)).toBe(escaped);
  });

  test("long runs of backslashes take time in proportion to their length", () => {
    const text = "\\".repeat(2_000_000) + "\0";
    expect(unescapeUnstorable(escapeUnstorable(text)) === text).toBe(true);
  });
});
