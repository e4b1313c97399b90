import fc from "fast-check";
import { expect, test } from "vitest";
import { TransientError } from "../../src/core/errors.ts";
import { jsonLines } from "../../src/http/ndjson.ts";

test.each(["\n", "\r\n"])("splits at %j, with and without one at the end", (end) => {
  const lines = ['{"id":1.50}', '{"id":"a\\nb\u2028"}'];
  expect(jsonLines(lines.join(end))).toEqual(lines);
  expect(jsonLines(lines.join(end) + end)).toEqual(lines);
});

test("returns no lines for an empty body, and skips empty ones", () => {
  expect(jsonLines("")).toEqual([]);
  expect(jsonLines('\r\n{"a":1}\r\n\r\n')).toEqual(['{"a":1}']);
});

test("rejects a body that was cut within a line", () => {
  const body = '{"id":1}\r\n{"id":"two"}';
  fc.assert(
    fc.property(fc.integer({ min: '{"id":1}\r\n'.length + 1, max: body.length - 1 }), (cut) => {
      expect(() => jsonLines(body.slice(0, cut))).toThrow(TransientError);
    }),
  );
  expect(() => jsonLines(body.slice(0, -3))).toThrow(
    "expected JSON in line 2, got a truncated or invalid line",
  );
});

test("reports an error among the rows", () => {
  const timedOut = '{"id":1}\r\n{"code":500,"message":"Streaming operation timed out"}';
  const inBandError = (value: unknown): string | undefined => {
    const row = value as { readonly id?: unknown; readonly message?: string };
    return row.id === undefined ? row.message : undefined;
  };
  const read = (): string[] => jsonLines(timedOut, inBandError);
  expect(read).toThrow(TransientError);
  expect(read).toThrow("the service reports an error: Streaming operation timed out");
});
