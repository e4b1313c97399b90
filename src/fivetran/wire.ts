import protobuf from "protobufjs/minimal.js";

/**
 * The answers of `Update` in their bytes: field numbers are those of `proto/connector_sdk.proto`. Written by hand because a batch is limited by
 * its exact size, and a record must not be encoded twice to know it.
 *
 * @see https://protobuf.dev/programming-guides/encoding/
 */
const { Writer } = protobuf;
type Writer = protobuf.Writer;

/** Writes one value as a `ValueType`. */
export type WriteValue = (writer: Writer) => void;

/** A column's value in a record. */
export type Cell = readonly [column: string, value: WriteValue];

export const recordTypes = { upsert: 0, update: 1, delete: 2, truncate: 3 } as const;
export type RecordType = keyof typeof recordTypes;

/** The number and the wire type that come before a field. */
const tag = { number: (field: number) => field << 3, bytes: (field: number) => (field << 3) | 2 };

/** A `Record`. */
export function encodeRecord(
  table: string,
  type: RecordType,
  cells: readonly Cell[] = [],
): Uint8Array {
  const writer = Writer.create().uint32(tag.bytes(2)).string(table);
  if (type !== "upsert") writer.uint32(tag.number(3)).uint32(recordTypes[type]);
  for (const [column, write] of cells) {
    writer.uint32(tag.bytes(4)).fork().uint32(tag.bytes(1)).string(column);
    write(writer.uint32(tag.bytes(2)).fork());
    writer.ldelim().ldelim();
  }
  return writer.finish();
}

/** How many bytes a record takes among `records`. */
export function sizeInRecords({ length }: Uint8Array): number {
  return 1 + varintSize(length) + length;
}

/** How many bytes an answer with `records` takes that take so many together. */
export function recordsResponseSize(size: number): number {
  return 1 + varintSize(size) + size;
}

/** An answer with records that take so many bytes together. */
export function recordsResponse(records: readonly Uint8Array[], size: number): Buffer {
  const writer = Writer.create().uint32(tag.bytes(6)).uint32(size);
  for (const record of records) writer.uint32(tag.bytes(1)).bytes(record);
  return toBuffer(writer);
}

/** An answer with one record. */
export function recordResponse(record: Uint8Array): Buffer {
  return toBuffer(Writer.create().uint32(tag.bytes(1)).bytes(record));
}

const textFields = { checkpoint: 3, warning: 4, task: 5 } as const;

/** An answer that holds a text: a checkpoint's state, a warning, or a task. */
export function textResponse(kind: keyof typeof textFields, text: string): Buffer {
  const writer = Writer.create().uint32(tag.bytes(textFields[kind])).fork();
  return toBuffer(writer.uint32(tag.bytes(1)).string(text).ldelim());
}

function toBuffer(writer: Writer): Buffer {
  const bytes = writer.finish();
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

function varintSize(value: number): number {
  let size = 1;
  for (let rest = value; rest > 127; rest = Math.floor(rest / 128)) size += 1;
  return size;
}
