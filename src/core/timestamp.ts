const iso =
  /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?\s*(Z|z|UTC|[+-](?:[01]\d|2[0-3])(?::?[0-5]\d)?)?)?$/;
const canonical = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;

/**
 * The usual spelling of UTC, for a fast path: a sync parses millions of timestamps. Excludes
 * February 29, which would need a calendar.
 */
const commonUtc =
  /^(?!0000)\d{4}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:Z|\+00:00)$/;

/**
 * An ISO 8601 timestamp of the years 0001 to 9999 as fixed-width UTC text,
 * `YYYY-MM-DDTHH:MM:SS.ffffffZ`, so that text order is time order; undefined for any other text.
 * Without an offset it is UTC. Digits beyond microseconds are cut off, never rounded: a mark that
 * is too early reads a row twice, one that is too late loses it.
 */
export function toTimestamp(text: string): string | undefined {
  if (text !== last.text)
    last = { text, instant: commonUtc.test(text) ? padToMicroseconds(text) : parseAny(text) };
  return last.instant;
}

/** The previous timestamp: neighbouring rows often share one. */
let last: { readonly text: string; readonly instant: string | undefined } = {
  text: "",
  instant: undefined,
};

function padToMicroseconds(text: string): string {
  if (text.length === 27 && text.endsWith("Z")) return text;
  const instant = text.slice(0, text.endsWith("Z") ? -1 : -6);
  return `${(instant.length === 19 ? `${instant}.` : instant.slice(0, 26)).padEnd(26, "0")}Z`;
}

function parseAny(text: string): string | undefined {
  const parts = iso.exec(text);
  if (!parts) return undefined;
  const [, year, month, day, hour = "00", minute = "00", second = "00", fraction = "", zone] =
    parts;
  const seconds = utcSeconds([year, month, day, hour, minute, second].map(Number));
  if (seconds === undefined) return undefined;
  const micros = fraction.slice(0, 6).padEnd(6, "0");
  const plain = `${year ?? ""}-${month ?? ""}-${day ?? ""}T${hour}:${minute}:${second}.${micros}Z`;
  const offset = offsetSeconds(zone);
  if (offset === 0 && second !== "60" && hour !== "24" && canonical.test(plain))
    return inRange(plain);
  return inRange(
    new Date((seconds - offset) * 1000).toISOString().replace(/\.\d+Z$/, `.${micros}Z`),
  );
}

/** Milliseconds since 1970 as fixed-width UTC text; undefined outside of the years 0001 to 9999. */
export function fromEpochMs(milliseconds: number): string | undefined {
  const date = new Date(milliseconds);
  if (Number.isNaN(date.getTime())) return undefined;
  return toTimestamp(date.toISOString());
}

/**
 * Seconds since 1970, with a fraction, as fixed-width UTC text; undefined outside of the years 0001
 * to 9999. The digits are those of the number's shortest decimal form, so that 0.1 s is 100000 µs
 * and not 99999.
 */
export function fromEpochSeconds(seconds: number): string | undefined {
  const whole = Math.floor(seconds);
  const second = ((whole % 60) + 60) % 60;
  const minute = minuteText(whole - second);
  if (minute === undefined) return undefined;
  return `${minute}${second < 10 ? "0" : ""}${second}.${microsOf(seconds, whole)}Z`;
}

/** The previous minute: neighbouring rows often share one. */
let lastMinute: { readonly start: number; readonly text: string | undefined } = {
  start: NaN,
  text: undefined,
};

/** The minute that starts at `start` (seconds since 1970), `YYYY-MM-DDTHH:MM:`. */
function minuteText(start: number): string | undefined {
  if (start === lastMinute.start) return lastMinute.text;
  const date = new Date(start * 1000);
  const text = Number.isNaN(date.getTime()) ? undefined : toTimestamp(date.toISOString());
  lastMinute = { start, text: text?.slice(0, 17) };
  return lastMinute.text;
}

/** Six digits; a number written with an exponent has no fraction of a microsecond or more. */
function microsOf(seconds: number, whole: number): string {
  if (seconds === whole) return "000000";
  const digits = seconds < 0 ? (seconds - whole).toFixed(6) : String(seconds);
  const point = digits.indexOf(".");
  if (point < 0 || digits.includes("e")) return "000000";
  return digits.slice(point + 1, point + 7).padEnd(6, "0");
}

function utcSeconds([year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0]: number[]):
  number | undefined {
  if (hour > 24 || minute > 59 || second > 60) return undefined;
  if (hour === 24 && (minute > 0 || second > 0)) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  return date.getTime() / 1000 + hour * 3600 + minute * 60 + second;
}

function offsetSeconds(zone: string | undefined): number {
  if (zone === undefined || /^(?:z|utc)$/i.test(zone)) return 0;
  const sign = zone.startsWith("-") ? -1 : 1;
  return sign * (Number(zone.slice(1, 3)) * 3600 + Number(zone.slice(3).replace(":", "")) * 60);
}

function inRange(text: string): string | undefined {
  return canonical.test(text) && !text.startsWith("0000") ? text : undefined;
}

/** The current time as fixed-width UTC text. */
export function currentTimestamp(): string {
  const text = new Date().toISOString();
  return toTimestamp(text) ?? text;
}
