const maxLength = 300;

/**
 * The message in the body of an error response, on one line of at most 300 characters; empty if
 * there is none. Of several, equal ones appear once. Understands `{"message"}`,
 * `{"code","message","details"}`, `{"errors":[…]}`, `{"error":…}`, `{"result":…}`, `{"detail":…}`,
 * plain text and HTML.
 */
export function serviceMessage(body: string): string {
  const line = (fromJson(body) ?? fromHtml(body) ?? body).replace(/\s+/g, " ").trim();
  return line.length > maxLength ? `${line.slice(0, maxLength - 1)}…` : line;
}

function fromJson(body: string): string | undefined {
  try {
    return messageIn(JSON.parse(body));
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

function messageIn(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (Array.isArray(value)) {
    const parts = value.map(messageIn).filter((part) => part !== undefined);
    return parts.length > 0 ? joinMessages(parts) : undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const members = new Map<string, unknown>(Object.entries(value));
  for (const name of ["message", "errors", "error", "result", "detail"]) {
    const message = messageIn(members.get(name));
    if (message !== undefined) return withDetails(message, members.get("details"));
  }
  return undefined;
}

function withDetails(message: string, details: unknown): string {
  return typeof details === "string" && details !== "" ? `${message} (${details})` : message;
}

function fromHtml(body: string): string | undefined {
  if (!/^\s*(?:<!doctype|<html|<\?xml|<[a-z]+[\s>])/i.test(body)) return undefined;
  const title = /<title[^>]*>([^<]*)<\/title>/i.exec(body)?.[1]?.trim();
  return title ?? body.replace(/<(?:script|style)[\s\S]*?<\/(?:script|style)>|<[^>]*>/gi, " ");
}
