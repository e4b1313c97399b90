/** Replaces a secret. */
export const mask = "***";

/** Shorter secrets are not redacted: they would match within ordinary words. */
const shortestSecret = 4;

/** In data, which a mask falsifies, secrets that may be words are left alone. */
const shortestInData = 8;

/** Shorter pieces of base64 would match within ordinary words. */
const shortestBase64 = 5;

/** Replaces what must not be shown. */
export type Redactor = (text: string) => string;

/**
 * Returns a function that masks the secrets in a text, and the password of every URL in it, except
 * the placeholder `password` of our own messages. The last line of defence: secrets should not get
 * this far.
 *
 * A secret is recognized in any case, with any of its characters encoded for a URL, JSON or HTML,
 * and within base64. `names`, such as a workspace, are not secret and stay readable, even one that
 * contains a secret.
 */
export function newRedactor(secrets: readonly string[], names: readonly string[] = []): Redactor {
  const redactSecrets = newSecretRedactor(secrets, names);
  return (text) =>
    redactSecrets(text)
      .replace(/(\/\/[^\s/?#:@"]*:)(?!password@)[^\s/?#"]*@/g, `$1${mask}@`)
      .replace(/\bhttps?:\/\/[^\s"'<>]*[^\s"'<>.,:;]/gi, withoutLogin)
      .replace(/\bpostgres(?:ql)?:\/\/[^\s"'<>]*[^\s"'<>.,:;]/gi, withoutPasswords);
}

/** A URL of a service without its user, who may be a token, and without tokens in its query. */
function withoutLogin(url: string): string {
  return url
    .replace(/^(\w+:\/\/)[^/?#@]+@/, `$1${mask}@`)
    .replace(/([?&#;])([^=?&#;]+)=([^&#;]+)/g, (whole, before: string, name: string) =>
      secretName.test(name) ? `${before}${name}=${mask}` : whole,
    );
}

/** A URL of Postgres without the passwords in its query. */
function withoutPasswords(url: string): string {
  return url.replace(/([?&](?:ssl)?password=)[^&]+/gi, `$1${mask}`);
}

/** What the parameters are called that log somebody in. */
const secretName = /token|key|secret|passw|auth|sig|credential|session/i;

/**
 * A URL that a person has written, for a message: without its user and without everything after its
 * path. What cannot be told apart is masked.
 */
export function withoutUrlSecrets(text: string): string {
  const hasScheme = text.includes("//");
  if (!hasScheme && !/[?#&][^\s=?#&]*=|:[^\s@:]*@/.test(text)) return text;
  const start = hasScheme ? text.indexOf("//") + 2 : 0;
  const place = text.slice(start);
  const login = place.slice(0, place.lastIndexOf("@") + 1);
  if (/[?#]/.test(login)) return `${text.slice(0, start)}${mask}`;
  const rest = place.slice(login.length);
  const end = rest.search(/[?#]/);
  const shown = end < 0 ? rest : `${rest.slice(0, end + 1)}${mask}`;
  return `${text.slice(0, start)}${login === "" ? "" : `${mask}@`}${shown}`;
}

/**
 * The texts among these settings that may be shown, such as a workspace. A URL is none, because a
 * key may be in it, and neither is what contains a secret that cannot be a word.
 */
export function namesIn(settings: unknown, secrets: readonly string[]): string[] {
  const hidden = bareSecrets(secrets);
  const values: unknown[] =
    typeof settings === "object" && settings !== null ? Object.values(settings) : [];
  return values
    .flat()
    .filter((value): value is string => typeof value === "string" && !value.includes("://"))
    .filter((name) => !hidden.some((secret) => isRevealedBy(name.trim(), secret)));
}

function isRevealedBy(name: string, secret: string): boolean {
  return secret.length >= shortestInData ? name.includes(secret) : name === secret;
}

/** Masks secrets in the message and the stack of an error and of its causes. */
export function redactedError(error: unknown, redact: Redactor): unknown {
  for (let each = error; each instanceof Error; each = each.cause) {
    each.message = redact(each.message);
    if (each.stack !== undefined) each.stack = redact(each.stack);
  }
  return error;
}

/**
 * Returns a function that masks the secrets in a text: as they are, percent-encoded, JSON-escaped,
 * and without `Bearer`, `Basic` or `Token`. For data, whose URLs may hold passwords of their own.
 */
export function newValueRedactor(secrets: readonly string[]): Redactor {
  const forms = bareSecrets(secrets)
    .filter((secret) => secret.length >= shortestInData)
    .flatMap((secret) => [
      secret,
      encodeURIComponent(secret.toWellFormed()),
      JSON.stringify(secret).slice(1, -1),
    ])
    .sort(longestFirst);
  return (text) => forms.reduce((redacted, form) => redacted.replaceAll(form, mask), text);
}

function newSecretRedactor(secrets: readonly string[], names: readonly string[]): Redactor {
  const known = bareSecrets(secrets).filter((secret) => secret.length >= shortestSecret);
  if (known.length === 0) return (text) => text;
  const patterns = [...known.map(encodedPattern), ...known.flatMap(base64Patterns)];
  const secret = new RegExp(patterns.join("|"), "gi");
  const lowerNames = names.map((name) => name.toLowerCase());
  return (text) =>
    text.replace(secret, (found, offset: number) => {
      const span = { start: offset, end: offset + found.length };
      return isWithinName(text, span, lowerNames) ? found : mask;
    });
}

/** The secrets with and without their scheme, and without white space around them. */
function bareSecrets(secrets: readonly string[]): readonly string[] {
  const all = secrets
    .map((secret) => secret.trim())
    .flatMap((secret) => [secret, secret.replace(/^(?:Bearer|Basic|Token)\s+/i, "")]);
  return [...new Set(all)].sort(longestFirst);
}

function longestFirst(a: string, b: string): number {
  return b.length - a.length;
}

function isWithinName(
  text: string,
  { start, end }: { readonly start: number; readonly end: number },
  names: readonly string[],
): boolean {
  return names.some((name) => {
    const from = Math.max(0, end - name.length);
    const at = text
      .slice(from, start + name.length)
      .toLowerCase()
      .indexOf(name);
    return at >= 0 && from + at <= start;
  });
}

/** Escapes of characters that JSON, HTML or forms write by name. */
const namedEscapes: Readonly<Record<string, readonly string[]>> = {
  '"': ['\\"', "&quot;"],
  "\\": ["\\\\"],
  "/": ["\\/"],
  "&": ["&amp;"],
  "<": ["&lt;"],
  ">": ["&gt;"],
  "'": ["&apos;"],
  " ": ["+"],
};

/** Matches a secret in which each character is either as it is or encoded. */
function encodedPattern(secret: string): string {
  return Array.from(secret, characterPattern).join("");
}

function characterPattern(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  const utf8 = Buffer.from(character).toString("hex");
  const escapes = [
    ...[character, ...(namedEscapes[character] ?? [])].map(quotePattern),
    utf8.replace(/../g, "%$&"),
    ...codeUnits(character).map((unit) => `\\\\u${unit.toString(16).padStart(4, "0")}`),
    `&#(?:${code}|x${hex});`,
  ];
  return `(?:${escapes.join("|")})`;
}

function codeUnits(text: string): number[] {
  return Array.from({ length: text.length }, (_, index) => text.charCodeAt(index));
}

/**
 * Match the base64 of a text with the secret in it, which depends on where in a group of three
 * bytes the secret begins; without the characters that also hold bits of its neighbours.
 */
function base64Patterns(secret: string): string[] {
  return [0, 1, 2]
    .map((offset) => {
      const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(secret)]);
      const whole = Math.floor((bytes.length * 8) / 6);
      return bytes.toString("base64").slice(Math.ceil((offset * 8) / 6), whole);
    })
    .filter((text) => text.length >= shortestBase64)
    .map((text) => text.replaceAll("+", "[+-]").replaceAll("/", "[/_]"));
}

function quotePattern(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&");
}
