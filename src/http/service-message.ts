const maxLength = 300;

/** As much of an error page as is looked at. */
const maxPageLength = 2 ** 16;

/** Messages that lie deeper in JSON are none for people. */
const maxDepth = 10;

/**
 * The message in the body of an error response, on one line of at most 300 characters; empty if
 * there is none. Of several, equal ones appear once. Understands `{"message"}`,
 * `{"code","message","details"}`, `{"errors":[…]}`, `{"error":…}`, `{"result":…}`, `{"detail":…}`,
 * plain text and HTML.
 *
 * `redact` masks secrets before the text is shortened: it would not know a part of one.
 */
export function serviceMessage(
  body: string,
  redact: (text: string) => string = (text) => text,
): string {
  return shortLine(fromJson(body) ?? fromPage(redact(body).slice(0, maxPageLength)), redact);
}

/** A text on one line of at most 300 characters; secrets are masked before it is shortened. */
export function shortLine(text: string, redact: (text: string) => string): string {
  const line = redact(text.replace(/\s+/g, " ").trim());
  return line.length > maxLength ? `${line.slice(0, maxLength - 1)}…` : line;
}

function fromJson(body: string): string | undefined {
  try {
    return messageIn(JSON.parse(body), maxDepth);
  } catch {
    return undefined;
  }
}

/** Several messages as one, each of them once. */
export function joinMessages(messages: readonly string[]): string {
  const distinct = [...new Set(messages)];
  return distinct.length === 1
    ? distinct.join("")
    : distinct.map((message) => message.trim().replace(/\.$/, "")).join("; ");
}

function messageIn(value: unknown, depth: number): string | undefined {
  if (typeof value === "string") return value;
  if (typeof value !== "object" || value === null || depth === 0) return undefined;
  if (Array.isArray(value)) {
    const parts = value.map((part) => messageIn(part, depth - 1));
    const messages = parts.filter((part) => part !== undefined);
    return messages.length > 0 ? joinMessages(messages) : undefined;
  }
  const members = new Map<string, unknown>(Object.entries(value));
  for (const name of ["message", "errors", "error", "result", "detail"]) {
    const message = messageIn(members.get(name), depth - 1);
    if (message !== undefined) return withDetails(message, members.get("details"));
  }
  return undefined;
}

function withDetails(message: string, details: unknown): string {
  return typeof details === "string" && details !== "" ? `${message} (${details})` : message;
}

/** The title or the text of HTML; any other text as it is. */
function fromPage(text: string): string {
  if (!/^\s*(?:<!doctype|<html|<\?xml|<[a-z]+[\s>])/i.test(text)) return text;
  return titleOf(text) ?? text.replace(scriptOrStyle, " ").replace(/<[^<>]*>?/g, " ");
}

function titleOf(html: string): string | undefined {
  return /<title[^<>]*>([^<]*)<\/title>/i.exec(html)?.[1]?.trim();
}

/** To its end, or to that of the text: otherwise each one would be searched for an end. */
const scriptOrStyle = /<(?:script|style)[^]*?(?:<\/(?:script|style)>|$)/gi;
