import fc from "fast-check";
import protobuf from "protobufjs";
import { expect, test } from "vitest";
import { RecordBuffer } from "../../src/fivetran/record-buffer.ts";
import { encodeRecord, type Cell } from "../../src/fivetran/wire.ts";

const limit = 102_400;

/** A record of this size, or a few bytes less if no text fits exactly. */
function record(bytes: number): Uint8Array {
  const cell = (text: string): Cell => ["c", (writer) => writer.uint32((13 << 3) | 2).string(text)];
  let text = "x".repeat(Math.max(0, bytes - 10));
  while (encodeRecord("t", "upsert", [cell(text)]).length > bytes && text !== "")
    text = text.slice(1);
  return encodeRecord("t", "upsert", [cell(text)]);
}

/** The sizes of the records in a response, and whether they are in a list. */
function recordsIn(response: Uint8Array): {
  readonly sizes: readonly number[];
  readonly isList: boolean;
} {
  const reader = protobuf.Reader.create(response);
  const isList = reader.uint32() >>> 3 === 6;
  const content = reader.bytes();
  if (!isList) return { sizes: [content.length], isList };
  const list = protobuf.Reader.create(content);
  const sizes: number[] = [];
  while (list.pos < list.len) {
    list.uint32();
    sizes.push(list.bytes().length);
  }
  return { sizes, isList };
}

test("a response has as many records as fit into 100 records and 100 KiB, or one larger record alone", () => {
  const size = fc.oneof(fc.integer({ min: 20, max: 3000 }), fc.integer({ min: 20, max: 110_000 }));
  const run = (wanted: readonly number[]): void => {
    const oversized: number[] = [];
    const buffer = new RecordBuffer({ onOversized: (bytes) => oversized.push(bytes) });
    const records = wanted.map(record);
    const responses = [...records.flatMap((each) => [...buffer.add(each)]), ...buffer.flush()];
    const found = responses.map((response) => ({
      ...recordsIn(response),
      length: response.length,
    }));
    expect(found.flatMap(({ sizes }) => sizes)).toEqual(records.map(({ length }) => length));
    expect(found.filter(({ isList }) => !isList).flatMap(({ sizes }) => sizes)).toEqual(oversized);
    for (const [index, { isList, sizes, length }] of found.entries()) {
      if (isList) expect(length).toBeLessThanOrEqual(limit);
      else expect(length).toBeGreaterThan(limit);
      expect(sizes.length).toBeLessThanOrEqual(100);
      const [next = Infinity] = found[index + 1]?.sizes ?? [];
      if (isList && sizes.length < 100) expect(length + next + 8).toBeGreaterThan(limit);
    }
  };
  fc.assert(fc.property(fc.array(size, { maxLength: 250 }), run), { numRuns: 50 });
});

test("records of exactly 100 KiB are one response, and one byte more makes two", () => {
  const sizesFor = (first: number, second: number): number[] => {
    const buffer = new RecordBuffer({ onOversized: () => expect.fail("not oversized") });
    const responses = [first, second].map(record).flatMap((each) => [...buffer.add(each)]);
    return [...responses, ...buffer.flush()].map(({ length }) => length);
  };
  // Each record has a prefix of four bytes, and so has the list.
  const second = limit - 4 - 60_004 - 4;
  expect(sizesFor(60_000, second)).toEqual([limit]);
  expect(sizesFor(60_000, second + 1)).toHaveLength(2);
});
