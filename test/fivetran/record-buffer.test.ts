import fc from "fast-check";
import protobuf from "protobufjs";
import { expect, test } from "vitest";
import { RecordBuffer } from "../../src/fivetran/record-buffer.ts";
import { encodeRecord, type Cell } from "../../src/fivetran/wire.ts";

const limit = 102_400;

/** A record of this size, or of a few bytes less where no text gives exactly that. */
function record(bytes: number): Uint8Array {
  const cell = (text: string): Cell => ["c", (writer) => writer.uint32((13 << 3) | 2).string(text)];
  let text = "x".repeat(Math.max(0, bytes - 10));
  while (encodeRecord("t", "upsert", [cell(text)]).length > bytes && text !== "")
    text = text.slice(1);
  return encodeRecord("t", "upsert", [cell(text)]);
}

/** The sizes of the records in an answer, and whether they are in a list. */
function recordsIn(answer: Uint8Array): {
  readonly sizes: readonly number[];
  readonly isList: boolean;
} {
  const reader = protobuf.Reader.create(answer);
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

test("an answer has at most 100 records and 100 KiB, unless it is one larger record alone, and no fewer than fit", () => {
  const size = fc.oneof(fc.integer({ min: 20, max: 3000 }), fc.integer({ min: 20, max: 110_000 }));
  const run = (wanted: readonly number[]): void => {
    const oversized: number[] = [];
    const batch = new RecordBuffer({ onOversized: (bytes) => oversized.push(bytes) });
    const records = wanted.map(record);
    const answers = [...records.flatMap((each) => [...batch.add(each)]), ...batch.flush()];
    const found = answers.map((answer) => ({ ...recordsIn(answer), length: answer.length }));
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

test("a batch that takes exactly 100 KiB is one answer, and a byte more makes two", () => {
  const answersFor = (first: number, second: number): number[] => {
    const batch = new RecordBuffer({ onOversized: () => expect.fail("not oversized") });
    const answers = [first, second].map(record).flatMap((each) => [...batch.add(each)]);
    return [...answers, ...batch.flush()].map(({ length }) => length);
  };
  // Each record with four bytes before it, in a list with four.
  const second = limit - 4 - 60_004 - 4;
  expect(answersFor(60_000, second)).toEqual([limit]);
  expect(answersFor(60_000, second + 1)).toHaveLength(2);
});
