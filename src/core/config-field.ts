import { z } from "zod";
import { withoutUrlSecrets } from "./redact.ts";
import { trimEnd } from "./trim-end.ts";

/**
 * Describes a field of a source's configuration. Every field also accepts strings, because Fivetran
 * sends nothing else and `${NAME}` expands to one. The description feeds `--help`, the tables of
 * the documentation and `about`.
 */
export interface FieldMeta {
  readonly description: string;
  /** Environment variables to read if the key is absent; the first one that is set wins. */
  readonly env?: readonly string[];
  /** The key that stands in its place: if that is set, the environment does not fill this one. */
  readonly unless?: string;
  /** Never appears in logs, errors or the destination. */
  readonly secret?: boolean;
  /** Describes the default if it is not a constant. */
  readonly defaultText?: string;
  /** The label in forms, if the key does not make a good one. */
  readonly label?: string;
  /** Accepted because earlier versions had it. Has no effect, and help and forms omit it. */
  readonly obsolete?: boolean;
  /** Shown in forms while the field is empty. */
  readonly placeholder?: string;
  /** The field only matters while another field has this value. */
  readonly onlyWhen?: { readonly field: string; readonly is: string };
}

const metas = z.registry<FieldMeta>();

/** The description of a field, also through `.optional()` and `.default()`. */
export function fieldMeta(field: z.core.$ZodType): FieldMeta | undefined {
  if (field instanceof z.ZodOptional || field instanceof z.ZodDefault)
    return fieldMeta(field.def.innerType);
  return metas.get(field);
}

/** A whole number within inclusive bounds, or its digits. */
export function wholeNumber(
  bounds: { readonly min: number; readonly max: number },
  meta: FieldMeta,
) {
  const error = expected(`a whole number from ${bounds.min} to ${bounds.max}`, meta);
  const field = z.preprocess(
    toNumber,
    z.int({ error }).min(bounds.min, { error }).max(bounds.max, { error }),
  );
  return described(field, meta);
}

/** A boolean, or one of the words true/false, yes/no, on/off, 1/0. */
export function toggle(meta: FieldMeta) {
  return described(
    z.preprocess(toBoolean, z.boolean({ error: expected("true or false", meta) })),
    meta,
  );
}

/** Non-empty text, trimmed. */
export function text(meta: FieldMeta) {
  const error = expected("text", meta);
  return described(z.string({ error }).trim().min(1, { error }), meta);
}

/** Non-empty text that never appears in output. */
export function secretText(meta: Omit<FieldMeta, "secret">) {
  return text({ ...meta, secret: true });
}

/** The base URL of a service: http or https, without user, password, query or fragment. */
export function serviceUrl(meta: FieldMeta) {
  const error = expected("a URL like https://host/path, without user, password or query", meta);
  // The URL is part of the pipeline's identity: a trailing slash must not make a difference.
  const url = z.string({ error }).trim().refine(isServiceUrl, { error });
  return described(
    url.overwrite((text) => trimEnd(text, "/")),
    meta,
  );
}

/** One of a few words. */
export function choice<const Words extends readonly [string, ...string[]]>(
  words: Words,
  meta: FieldMeta,
) {
  return described(z.enum(words, { error: expected(`one of ${words.join(", ")}`, meta) }), meta);
}

/** A list of texts; also accepted as one text, comma-separated or as a JSON array. */
export function textList(meta: FieldMeta) {
  const error = expected("a list of texts", meta);
  const list = z.preprocess(
    toList,
    z.array(z.string({ error }).trim().min(1, { error }), { error }),
  );
  return described(list, meta);
}

/** A JSON object, or its text. */
export function jsonObject(meta: FieldMeta) {
  const error = expected("a JSON object", meta);
  return described(z.preprocess(tryParseJson, z.record(z.string(), z.unknown(), { error })), meta);
}

/** Attaches a description to a field of any shape; returns a copy. */
export function described<Field extends z.ZodType>(field: Field, meta: FieldMeta): Field {
  const copy = field.describe(meta.description);
  metas.add(copy, meta);
  return copy;
}

function expected(
  what: string,
  { secret }: FieldMeta,
): (issue: { readonly input?: unknown }) => string {
  return ({ input }) => {
    if (input === undefined) return `missing; expected ${what}`;
    return `expected ${what}${secret === true ? "" : `, got ${quoteInput(input)}`}`;
  };
}

/** A given value for a message, as JSON; URLs in it without what may be secret. */
export function quoteInput(input: unknown): string {
  const given = typeof input === "string" ? withoutUrlSecrets(input) : input;
  const text = JSON.stringify(given) as string | undefined;
  if (text === undefined) return typeof input;
  const safe = text
    .split(/([\s"]+)/)
    .map((word) => withoutUrlSecrets(word))
    .join("");
  return safe.length > 60 ? `${safe.slice(0, 57)}…` : safe;
}

function toNumber(input: unknown): unknown {
  return typeof input === "string" && /^\s*[+-]?\d+\s*$/.test(input) ? Number(input) : input;
}

function toBoolean(input: unknown): unknown {
  if (typeof input !== "string") return input;
  const word = input.trim().toLowerCase();
  if (["true", "yes", "on", "1"].includes(word)) return true;
  return ["false", "no", "off", "0"].includes(word) ? false : input;
}

function toList(input: unknown): unknown {
  const list = tryParseJson(input);
  if (Array.isArray(list)) return list;
  return typeof input === "string" ? input.split(",").map((entry) => entry.trim()) : input;
}

function isServiceUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  const isPlain =
    url.username === "" && url.password === "" && url.search === "" && url.hash === "";
  return /^https?:$/.test(url.protocol) && isPlain;
}

/** Parses JSON text; returns any other input unchanged. */
export function tryParseJson(input: unknown): unknown {
  if (typeof input !== "string") return input;
  try {
    return JSON.parse(input);
  } catch {
    return input;
  }
}
