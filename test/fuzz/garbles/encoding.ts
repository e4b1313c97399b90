import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import type { Garbles } from "../garble.ts";
import { echo } from "./echo.ts";
import { raw } from "./raw-response.ts";

const mebibyte = 2 ** 20;

/** More than a response may have. */
const bombMebibytes = 80;

/** Zeros are no JSON, an array of them is. Only the packed bytes are ever in memory. */
const bombs = {
  zeros: repeated(gzipSync(Buffer.alloc(mebibyte))),
  array: repeated(gzipSync("0,".repeat(mebibyte / 2)), gzipSync("["), gzipSync("0]")),
  brackets: repeated(gzipSync("[".repeat(mebibyte))),
};

/** Compressed data may consist of several pieces, one after the other. */
function repeated(piece: Buffer, first = Buffer.alloc(0), last = Buffer.alloc(0)): Buffer {
  return Buffer.concat([first, ...Array.from({ length: bombMebibytes }, () => piece), last]);
}

/** Content encodings that are not what they are said to be, or too much of it. */
export const encodingGarbles: Garbles = {
  "a compressed bomb": ({ random }) => {
    const body = random.pick(Object.values(bombs));
    return encoded("gzip", body, random.pick(["200 X", "500 X"]));
  },
  "garbage as compressed data": ({ exchange: { body }, random }) =>
    encoded(random.pick(["gzip", "br", "deflate"]), Buffer.from(body)),
  "a flipped bit in compressed data": ({ exchange: { body }, random }) => {
    const [name, pack] = random.pick(packers);
    const packed = pack(body);
    const at = random.between(0, packed.length - 1);
    packed[at] = (packed[at] ?? 0) ^ (1 << random.between(0, 7));
    // Only gzip has a checksum that notices a changed letter.
    return { ...encoded(name, packed), mayLie: name !== "gzip" };
  },
  "compressed data cut short": ({ exchange: { body }, random }) => {
    const [name, pack] = random.pick(packers);
    const packed = pack(body);
    return encoded(name, packed.subarray(0, random.between(0, packed.length - 1)));
  },
  "compressed data and more": ({ exchange: { body }, random }) => {
    const tail = random.pick([Buffer.from("more"), gzipSync("more"), Buffer.alloc(100)]);
    return encoded("gzip", Buffer.concat([gzipSync(body), tail]));
  },
  "compressed twice": ({ exchange: { body }, random }) =>
    encoded(random.pick(["gzip", "gzip, gzip"]), gzipSync(gzipSync(body))),
  "raw deflate": ({ exchange: { body } }) => encoded("deflate", deflateRawSync(body)),
  "an unknown encoding": (options) =>
    encoded(
      options.random.pick(["zstd", "compress", "x".repeat(9000), echo(options), "\u009b2J"]),
      Buffer.from(options.exchange.body),
    ),
};

const packers = [
  ["gzip", gzipSync],
  ["deflate", deflateSync],
  ["br", brotliCompressSync],
] as const;

function encoded(name: string, body: Buffer, status = "200 OK") {
  const headers = [`content-encoding: ${name}`, `content-length: ${body.length}`];
  return { respond: raw({ status, headers, body }) };
}
