const iso =
  /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?\s*(Z|z|UTC|[+-]\d\d(?::?\d\d)?)?)?$/;
const canonical = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;

/**
 * An instant as fixed-width UTC text, `YYYY-MM-DDTHH:MM:SS.ffffffZ`, so that text order is time order; undefined where
 * the text is no ISO 8601 instant of the years 0001 to 9999. An instant without an offset is UTC. Digits beyond
 * microseconds are cut, never rounded: a mark that is too early reads a row twice, one that is too late loses it.
 */
export function toTimestamp(text: string): string | undefined {
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

/** An instant in seconds or milliseconds since 1970 as fixed-width UTC text. */
export function fromEpochMs(milliseconds: number): string | undefined {
  const date = new Date(milliseconds);
  if (Number.isNaN(date.getTime())) return undefined;
  return toTimestamp(date.toISOString());
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
