import { credentials, makeGenericClientConstructor } from "@grpc/grpc-js";
import protobuf from "protobufjs";
import { expect, test } from "vitest";
import type { Columns } from "../../src/core/schema.ts";
import { memorySource } from "./memory-source.ts";
import { serveSource, type ServedSource } from "./serving.ts";

/** A message on the wire: its field numbers and values, in byte order. */
type Fields = readonly (readonly [number: number, value: Uint8Array | number | bigint])[];

/** Decodes a message without its definition. */
function fieldsOf(bytes: Uint8Array): Fields {
  const reader = protobuf.Reader.create(bytes);
  const fields: [number, Uint8Array | number | bigint][] = [];
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    const number = tag >>> 3;
    if ((tag & 7) === 2) fields.push([number, reader.bytes()]);
    else if ((tag & 7) === 1) fields.push([number, reader.double()]);
    else fields.push([number, bigintOf(reader.int64())]);
  }
  return fields;
}

/** Converts a 64-bit integer, given as a number or in two halves. */
function bigintOf(value: number | { readonly low: number; readonly high: number }): bigint {
  if (typeof value === "number") return BigInt(value);
  return BigInt.asIntN(64, (BigInt(value.high) << 32n) | BigInt(value.low >>> 0));
}

function bytesIn(fields: Fields, number: number): Uint8Array[] {
  return fields.flatMap(([found, value]) =>
    found === number && value instanceof Uint8Array ? [value] : [],
  );
}

function textIn(fields: Fields, number: number): string | undefined {
  const [bytes] = bytesIn(fields, number);
  return bytes && Buffer.from(bytes).toString();
}

/** Encodes a message of length-delimited fields. */
function message(
  ...fields: readonly (readonly [number: number, value: string | Uint8Array])[]
): Buffer {
  const writer = protobuf.Writer.create();
  for (const [number, value] of fields) {
    writer.uint32((number << 3) | 2);
    if (typeof value === "string") writer.string(value);
    else writer.bytes(value);
  }
  return Buffer.from(writer.finish());
}

/** Calls a method with an encoded request, and decodes the responses without their definitions. */
async function callRaw({ port }: ServedSource, method: string, request: Buffer): Promise<Fields[]> {
  const path = `/fivetran_sdk.v2.SourceConnector/${method}`;
  const pass = (bytes: Buffer): Buffer => bytes;
  const definition = {
    callRaw: {
      path,
      requestStream: false,
      responseStream: true,
      requestSerialize: pass,
      requestDeserialize: pass,
      responseSerialize: pass,
      responseDeserialize: pass,
    },
  } as const;
  const Client = makeGenericClientConstructor(definition, "raw");
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  try {
    const responses: Fields[] = [];
    const call = client["callRaw"] as unknown as (bytes: Buffer) => AsyncIterable<Buffer>;
    for await (const response of call.call(client, request)) responses.push(fieldsOf(response));
    return responses;
  } finally {
    client.close();
  }
}

const row = {
  id: "k",
  truth: true,
  whole: 9007199254740993n,
  negative: -5,
  real: 0.1,
  digits: "12345678901234567890.123",
  day: "1969-12-31",
  instant: "2024-02-29T23:59:59.123456Z",
  words: "ü \u0000 🔢",
  bytes: Uint8Array.of(0, 255),
  any: '{"a":[1,2.50]}',
  nothing: null,
};
const columns: Columns = {
  ...{ id: "string", truth: "boolean", whole: "integer", negative: "integer", real: "double" },
  ...{ digits: "decimal", day: "date", instant: "timestamp", words: "string", bytes: "binary" },
  ...{ any: "json", nothing: "string" },
};

test("encodes each type of value under Fivetran's field number, with all digits", async () => {
  const source = memorySource({ columns, read: [{ rows: [row], checkpoint: { n: 1 } }] });
  await using server = await serveSource(source);
  const responses = await callRaw(server, "Update", message());
  const records = responses
    .flatMap((response) => bytesIn(response, 6))
    .flatMap((bytes) => bytesIn(fieldsOf(bytes), 1));
  const [truncate, upsert] = records.map(fieldsOf);
  expect(textIn(truncate ?? [], 2)).toBe("things");
  expect(truncate?.find(([number]) => number === 3)?.[1]).toBe(3n);
  expect(upsert?.find(([number]) => number === 3)).toBeUndefined();
  const values: Record<string, readonly [number, Uint8Array | number | bigint]> = {};
  for (const entry of bytesIn(upsert ?? [], 4)) {
    const [value = Buffer.alloc(0)] = bytesIn(fieldsOf(entry), 2);
    const [field] = fieldsOf(value);
    if (field) values[textIn(fieldsOf(entry), 1) ?? ""] = field;
  }
  const timestamp = (seconds: bigint, nanos?: bigint) => [
    ...(seconds === 0n ? [] : [[1, seconds]]),
    ...(nanos === undefined ? [] : [[2, nanos]]),
  ];
  const timestampOf = (name: string) =>
    fieldsOf((values[name] as [number, Uint8Array])[1]).filter(([, value]) => value !== 0n);
  expect(values["truth"]).toEqual([2, 1n]);
  expect(values["whole"]).toEqual([5, 9007199254740993n]);
  expect(values["negative"]).toEqual([5, -5n]);
  expect(values["real"]).toEqual([7, 0.1]);
  expect(values["nothing"]).toEqual([1, 1n]);
  expect(values["day"]?.[0]).toBe(8);
  expect(timestampOf("day")).toEqual(timestamp(-86_400n));
  expect(values["instant"]?.[0]).toBe(10);
  expect(timestampOf("instant")).toEqual(timestamp(1_709_251_199n, 123_456_000n));
  const asText = (name: string) => [
    values[name]?.[0],
    Buffer.from(values[name]?.[1] as Uint8Array).toString(),
  ];
  expect(asText("digits")).toEqual([11, row.digits]);
  expect(asText("id")).toEqual([13, "k"]);
  expect(asText("words")).toEqual([13, row.words]);
  expect(asText("any")).toEqual([14, row.any]);
  expect(values["bytes"]).toEqual([12, Buffer.from(row.bytes)]);
});

test("decodes configuration, selection and state by their field numbers", async () => {
  const source = memorySource({ columns, read: [{ rows: [row], checkpoint: { n: 1 } }] });
  await using server = await serveSource(source);
  const column = (name: string) => message([1, name]);
  const table = Buffer.concat([
    Buffer.from([1 << 3, 1]),
    message([2, "things"], [3, Buffer.concat([column("real"), Buffer.from([2 << 3, 1])])]),
  ]);
  const selection = message([1, message([1, table])]);
  const responses = await callRaw(server, "Update", message([2, selection], [3, "{}"]));
  const records = responses
    .flatMap((response) => bytesIn(response, 6))
    .flatMap((bytes) => bytesIn(fieldsOf(bytes), 1));
  const names = records
    .flatMap((record) => bytesIn(fieldsOf(record), 4))
    .map((entry) => textIn(fieldsOf(entry), 1));
  expect(names).toEqual(["id", "real"]);
  const state = textIn(fieldsOf(bytesIn(responses.at(-1) ?? [], 3)[0] ?? Buffer.alloc(0)), 1);
  expect(JSON.parse(state ?? "")).toMatchObject({
    streams: { things: { checkpoints: { "": { n: 1 } } } },
  });
});

test("the schema has Fivetran's type numbers and the keys, and allows selecting columns", async () => {
  await using server = await serveSource(memorySource({ columns, read: [] }));
  const [response = []] = await callRaw(server, "Schema", message());
  expect(response.find(([number]) => number === 4)?.[1]).toBe(0n);
  const tables = bytesIn(fieldsOf(bytesIn(response, 3)[0] ?? Buffer.alloc(0)), 1);
  const found = bytesIn(fieldsOf(tables[0] ?? Buffer.alloc(0)), 2).map((bytes) => {
    const fields = fieldsOf(bytes);
    const numberOf = (wanted: number) =>
      Number(fields.find(([number]) => number === wanted)?.[1] ?? 0);
    return [textIn(fields, 1), numberOf(2), numberOf(3)];
  });
  expect(found).toEqual([
    ["id", 13, 1],
    ...[
      ["truth", 1],
      ["whole", 4],
      ["negative", 4],
      ["real", 7],
      ["digits", 5],
      ["day", 8],
    ].map((each) => [...each, 0]),
    ...[
      ["instant", 10],
      ["words", 13],
      ["bytes", 11],
      ["any", 14],
      ["nothing", 13],
    ].map((each) => [...each, 0]),
  ]);
});
