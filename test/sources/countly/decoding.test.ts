import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { escapeValue } from "../../../src/emulators/countly/html-escape.ts";
import type { Value } from "../../../src/emulators/countly/document.ts";
import { unescapeEntities } from "../../../src/sources/countly/client/html-entities.ts";
import { unwrapEjson } from "../../../src/sources/countly/client/ejson.ts";
import { toInstant } from "../../../src/sources/countly/rows/to-instant.ts";

describe("HTML entities", () => {
  test.each([
    [`{"a &amp; b":"&lt;i&gt; &quot;x&quot; it&#39;s"}`, `{"a & b":"<i> \\"x\\" it's"}`],
    [`{"once":"&amp;lt;"}`, `{"once":"&lt;"}`],
    [`{"json":"{\\"k\\":\\"&lt;v&gt; &quot;\\"}"}`, `{"json":"{\\"k\\":\\"<v> \\\\\\"\\"}"}`],
    [`{"other":"&eacute; &#46; &"}`, `{"other":"&eacute; &#46; &"}`],
    [`{"by a proxy":"\\u0026amp;"}`, `{"by a proxy":"&"}`],
    [
      `{"n": 1.10, "big": 12345678901234567890, "\\u00e9": "\\/"}`,
      `{"n": 1.10, "big": 12345678901234567890, "\\u00e9": "\\/"}`,
    ],
  ])("%s", (encoded, decoded) => {
    expect(unescapeEntities(encoded)).toBe(decoded);
  });

  test("decoding restores what the server escaped, unless that held an entity", () => {
    const strings = fc.string({
      unit: fc.constantFrom("a", "&", "<", ">", '"', "'", "{", "}", "[", "]", ":", ",", "\\", " "),
    });
    // The server parses strings that hold JSON and writes them without white space.
    const isReformatted = (text: string): boolean => /^\s*[[{]/.test(text) && / /.test(text);
    const hasEntity = (text: string): boolean => /&(?:amp|quot|#39|lt|gt|#46|#36);/.test(text);
    fc.assert(
      fc.property(fc.json({ depthSize: "small" }), strings, (json, text) => {
        const value = {
          json: JSON.parse(json) as Value,
          [text]: text,
          inner: JSON.stringify({ [text]: [text] }),
        };
        fc.pre(!hasEntity(JSON.stringify(value)) && !isReformatted(text));
        const decoded: unknown = JSON.parse(unescapeEntities(JSON.stringify(escapeValue(value))));
        expect(decoded).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});

describe("EJSON", () => {
  test.each([
    [`{"lu":{"$date":"2025-06-02T08:00:04Z"}}`, `{"lu":"2025-06-02T08:00:04.000Z"}`],
    [`{"lu":{"$date":"2025-06-02T08:00:04.125Z"}}`, `{"lu":"2025-06-02T08:00:04.125Z"}`],
    [`{"lu":{"$date":{"$numberLong":"-62135596800001"}}}`, `{"lu":-62135596800001}`],
    [
      `{"n":{"$numberLong":"9007199254740993"},"d":{"$numberDouble":"Infinity"}}`,
      `{"n":9007199254740993,"d":"Infinity"}`,
    ],
    [
      `{"_id":{"$oid":"5f0c"},"text":"{\\"$date\\":\\"2025\\"}"}`,
      `{"_id":"5f0c","text":"{\\"$date\\":\\"2025\\"}"}`,
    ],
  ])("%s", (encoded, decoded) => {
    expect(unwrapEjson(encoded)).toBe(decoded);
  });
});

describe("instants", () => {
  test.each([
    ["1700000000", "2023-11-14T22:13:20.000000Z"],
    ["1700000000123", "2023-11-14T22:13:20.123000Z"],
    ['"1700000000123"', "2023-11-14T22:13:20.123000Z"],
    ["1700000000123456", "2023-11-14T22:13:20.123456Z"],
    ["1700000000.5", "2023-11-14T22:13:20.500000Z"],
    ['"2023-11-14T22:13:20.123Z"', "2023-11-14T22:13:20.123Z"],
    ["-1", "1969-12-31T23:59:59.000000Z"],
    ["0", undefined],
    ['""', undefined],
    ["null", undefined],
    [undefined, undefined],
    ['"yesterday"', "yesterday"],
  ])("%s is %s", (slice, instant) => {
    expect(toInstant(slice)).toBe(instant);
  });
});
