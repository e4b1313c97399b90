import type { Random } from "../../support/random.ts";
import type { Garbles } from "../garble.ts";
import { echo } from "./echo.ts";
import { lengthOf, raw } from "./raw-response.ts";

/** None from 1 to 300 seconds: those are waited for. */
const waits = [
  ...["0", "-1", "1", "soon", "", "1e9", "0x10", "999999999999", "9".repeat(400), "NaN", "301"],
  ...["Wed, 21 Oct 2015 07:28:00 GMT", "Wed, 21 Oct 9999 07:28:00 GMT", "Xxx, 99 Abc 0 x:y"],
  ...["0.001", "1, 2", "\u00e9", "Infinity"],
];

const dates = [
  "",
  "0",
  "yesterday",
  "Wed, 21 Oct 9999 07:28:00 GMT",
  "Thu, 01 Jan 1970 00:00:00 GMT",
];

const limitHeaders = [
  "ratelimit",
  "x-ratelimit",
  "opik-user",
  "opik-workspace",
  "opik-general-events",
];

/** Headers that lie, that are nonsense, or that are too many. */
export const headerGarbles: Garbles = {
  "a wait": ({ random }) => ({
    respond: raw({
      status: random.pick(["429 X", "503 X", "200 X", "301 X", "401 X"]),
      headers: [`retry-after: ${random.pick(waits)}`, `date: ${random.pick(dates)}`],
      body: "wait",
    }),
  }),
  "a rate limit": ({ exchange: { body }, random }) => ({
    respond: raw({ headers: [...lengthOf(body), ...rateLimits(random)], body }),
  }),
  "a wrong length": ({ exchange: { body }, random }) => {
    const length = Buffer.byteLength(body);
    const text = random.pick([0, 1, length - 1, length + 1, -1, 1e10, 2 ** 60, "x", "5, 6"]);
    return { respond: raw({ headers: [`content-length: ${text}`], body }) };
  },
  "two lengths": ({ exchange: { body } }) => ({
    respond: raw({ headers: [...lengthOf(body), "content-length: 5"], body }),
  }),
  "a length and chunks": ({ exchange: { body }, random }) => ({
    respond: raw({
      headers: [...lengthOf(body), "transfer-encoding: chunked"],
      body: random.pick([body, `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`]),
    }),
  }),
  "broken chunks": ({ exchange: { body }, random }) => ({
    respond: raw({
      headers: ["transfer-encoding: chunked"],
      body: `${random.pick(["-1", "zz", "ffffffffffffffffff", "5", "0"])}\r\n${body}\r\n0\r\n\r\n`,
    }),
  }),
  "a redirect": (options) => {
    const { exchange, random, secret } = options;
    const { href, pathname } = exchange.request.url;
    const location = random.pick([
      ...[href, pathname, `${pathname}?again=${random.between(1, 9)}`, "/", "//other.invalid/x"],
      ...["https://other.invalid/", `http://other.invalid/?api_key=${secret}`, "javascript:1"],
      ...["http://[", "http://169.254.169.254/latest/meta-data", "", `/${"a".repeat(9000)}`],
      `http://${secret}@other.invalid/`,
    ]);
    const status = random.pick([300, 301, 302, 303, 307, 308]);
    return { respond: raw({ status: `${status} X`, headers: [`location: ${location}`] }) };
  },
  "huge headers": ({ exchange: { body }, random }) => {
    const value = "v".repeat(random.pick([8000, 15_000, 17_000, 300_000]));
    const headers = [...lengthOf(body), `${random.pick(["x-a", "retry-after", "etag"])}: ${value}`];
    return { respond: raw({ headers, body }) };
  },
  "very many headers": ({ exchange: { body } }) => ({
    respond: raw({
      headers: [...Array.from({ length: 1900 }, (_, at) => `x${at}: 1`), ...lengthOf(body)],
      body,
    }),
  }),
  "broken headers": ({ exchange: { body }, random }) => ({
    respond: raw({
      headers: [
        random.pick(["no colon", ": no name", "a b: c", "x: \0", "x: a\rb", "\x1b[2J: 1", " fold"]),
        ...lengthOf(body),
      ],
      body,
    }),
  }),
  "a content type": (options) => {
    const { body } = options.exchange;
    const types = ["text/html", "application/json; charset=utf-16", "", echo(options)];
    const headers = [`content-type: ${options.random.pick(types)}`];
    return { respond: raw({ headers, body }) };
  },
};

function rateLimits(random: Random): readonly string[] {
  const name = random.pick(limitHeaders);
  const remaining = random.pick(["0", "-1", "1", "x", "1e9", "9".repeat(20)]);
  const reset = random.pick(["0", "1", "-5", "x", "86400", "9".repeat(20)]);
  return name.startsWith("opik")
    ? [`${name}-remaining-limit: ${remaining}`, `${name}-remaining-limit-ttl-millis: ${reset}`]
    : [`${name}-remaining: ${remaining}`, `${name}-reset: ${reset}`];
}
