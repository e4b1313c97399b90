import type { Random } from "../../support/random.ts";
import type { GarbledAnswer, Garbles } from "../garble.ts";
import { raw } from "./raw-response.ts";
import { isJson } from "../../support/is-json.ts";

/** Bodies that are other bytes than the service sent. */
export const bodyGarbles: Garbles = {
  "cut anywhere": bytes((body, random) => body.subarray(0, random.between(0, body.length))),
  "without its beginning": bytes((body, random) => body.subarray(random.between(0, body.length))),
  "flipped bits": bytes((body, random) => {
    for (let flips = 1 + random.smallCount(); flips > 0; flips -= 1) {
      const at = random.between(0, body.length - 1);
      body[at] = (body[at] ?? 0) ^ (1 << random.between(0, 7));
    }
    return body;
  }),
  "without a piece": bytes((body, random) => {
    const [from, to] = piece(body, random);
    return Buffer.concat([body.subarray(0, from), body.subarray(to)]);
  }),
  "a piece twice": bytes((body, random) => {
    const [from, to] = piece(body, random);
    return Buffer.concat([body.subarray(0, to), body.subarray(from)]);
  }),
  "bytes put in": bytes((body, random) => {
    const at = random.between(0, body.length);
    const junk = random.pick([
      "\xff",
      "\0",
      "\xc0\x80",
      "\xed\xa0\x80",
      "\xef\xbb\xbf",
      "\x1b",
      "{",
    ]);
    const more = Buffer.from(junk.repeat(1 + random.smallCount()), "latin1");
    return Buffer.concat([body.subarray(0, at), more, body.subarray(at)]);
  }),
  "byte order mark": bytes((body) => Buffer.concat([Buffer.from("\ufeff"), body])),
  "UTF-16": bytes((body) => Buffer.from(`\ufeff${body.toString()}`, "utf16le")),
  "the same twice": bytes((body) => Buffer.concat([body, body])),
  "something after it": bytes((body, random) =>
    Buffer.concat([
      body,
      Buffer.from(random.pick(["}", "]", ",", "x", "null", "\0", " \n\t", "//"])),
    ]),
  ),
  "another text": ({ exchange: { status }, random }) => {
    const body = random.pick(otherTexts);
    return { respond: raw({ status: `${status} X`, body }), mayLie: emptyLists.includes(body) };
  },
};

const otherTexts = [
  ...["", " ", "\n", "null", "true", "0", '""', "[]", "{}", "[[]]", "NaN", "-", '"', "undefined"],
  ...["<html><body>log in</body></html>", "<", "<?xml version='1.0'?><a/>", "OK", "\0\0\0\0"],
  ...["[".repeat(200_000), '{"a":'.repeat(100_000), `${"[".repeat(9000)}${"]".repeat(9000)}`],
  ...['{"data":null}', '{"errors":[]}', '{"errors":[{}]}', '{"result":null}', '{"content":null}'],
  ...[
    '{"__proto__":{"x":1}}',
    '{"constructor":null,"toString":1}',
    `"${"\\u0000".repeat(200_000)}"`,
  ],
  ...[`1${"0".repeat(300_000)}`, `[${"{},".repeat(100_000)}{}]`, '{"errors":"no"}', "[null,null]"],
];

/** What a service without data says: a list, or the lines of a stream. */
const emptyLists = ["", " ", "\n", "[]"];

function bytes(change: (body: Buffer, random: Random) => Buffer) {
  return ({ exchange, random }: Parameters<Garbles[string]>[0]): GarbledAnswer | undefined => {
    if (exchange.body === "") return undefined;
    const body = change(Buffer.from(exchange.body), random);
    return { respond: raw({ status: `${exchange.status} X`, body }), mayLie: isReadable(body) };
  };
}

function piece(body: Buffer, random: Random): readonly [from: number, to: number] {
  const from = random.between(0, body.length - 1);
  return [from, Math.min(body.length, from + random.between(1, 200))];
}

/** Whether these bytes are JSON, or lines of it: any change of a letter or a number may lie. */
function isReadable(body: Buffer): boolean {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(body);
    if (text.trim() === "") return true;
    for (const line of isJson(text) ? [] : text.trim().split("\n")) JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}
