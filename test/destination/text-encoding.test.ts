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

/** Spells a JSON string with as many escapes as it can, or with as few. */
function toJson(text: string, ascii: boolean): string {
  const units = [...Array(text.length).keys()].map((at) => {
    const unit = text.charAt(at);
    if (unit === "\\" || unit === '"') return `\\${unit}`;
    const code = text.charCodeAt(at);
    if (code >= 32 && (code < 127 || !ascii)) return unit;
    return `\\u${code.toString(16).padStart(4, "0")}`;
  });
  return `"${units.join("")}"`;
}

describe("spelling out", () => {
  test("any text becomes text without U+0000 and lone surrogates, and back", () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const spelled = escapeUnstorable(text);
        expect(spelled.includes("\0")).toBe(false);
        expect(spelled.isWellFormed()).toBe(true);
        expect(unescapeUnstorable(spelled)).toBe(text);
      }),
      { numRuns: 20_000 },
    );
  });

  test("the strings of any JSON become such text, and back", () => {
    fc.assert(
      fc.property(hostile, fc.boolean(), (text, ascii) => {
        const spelled = JSON.parse(escapeUnstorableJson(toJson(text, ascii))) as string;
        expect(spelled.includes("\0")).toBe(false);
        expect(spelled.isWellFormed()).toBe(true);
        expect(unescapeUnstorable(spelled)).toBe(text);
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
  ])("spells %j as %j", (text, spelled) => {
    expect(escapeUnstorable(text)).toBe(spelled);
  });

  test("long runs of backslashes take time in proportion to their length", () => {
    const text = "\\".repeat(2_000_000) + "\0";
    expect(unescapeUnstorable(escapeUnstorable(text)) === text).toBe(true);
  });
});
