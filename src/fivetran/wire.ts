import protobuf from "protobufjs/minimal.js";

/**
 * Encodes the responses of `Update`, with the field numbers of `proto/connector_sdk.proto`. By
 * hand, because responses are limited by their exact size, and records must not be encoded twice
 * for it.
 *
 * @see https://protobuf.dev/programming-guides/encoding/
 */
const { Writer } = protobuf;
type Writer = protobuf.Writer;

/** Writes one value as a `ValueType`. */
export type WriteValue = (writer: Writer) => void;

/** A column's value in a record. */
export type Cell = readonly [column: string, value: WriteValue];

/** `RecordType` in `proto/common.proto`. */
const recordTypes = { upsert: 0, update: 1, delete: 2, truncate: 3 } as const;

/** What a record does with its row. */
export type RecordType = keyof typeof recordTypes;

/** The tag of a field: its number and wire type. */
const tag = { number: (field: number) => field << 3, bytes: (field: number) => (field << 3) | 2 };

/** Encodes a `Record`. */
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

/** The bytes that a record takes in `records`. */
export function sizeInRecords({ length }: Uint8Array): number {
  return 1 + varintSize(length) + length;
}

/** The size of a response whose `records` take `size` bytes. */
export function recordsResponseSize(size: number): number {
  return 1 + varintSize(size) + size;
}

/** Encodes a response with records that take `size` bytes together. */
export function recordsResponse(records: readonly Uint8Array[], size: number): Buffer {
  const writer = Writer.create().uint32(tag.bytes(6)).uint32(size);
  for (const record of records) writer.uint32(tag.bytes(1)).bytes(record);
  return toBuffer(writer);
}

/** Encodes a response with one record. */
export function recordResponse(record: Uint8Array): Buffer {
  return toBuffer(Writer.create().uint32(tag.bytes(1)).bytes(record));
}

const textFields = { checkpoint: 3, warning: 4, task: 5 } as const;

/** Encodes a response with text: the state of a checkpoint, a warning, or a task. */
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
