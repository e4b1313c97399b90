import { endOfString } from "../../../json/text-scanner.ts";

/** JSON within a string within JSON, and so on: nothing that Countly holds goes deeper. */
const maxDepth = 8;

/**
 * Decodes, once, the HTML entities that Countly puts into every name and string of an `/o`
 * response. In a string that itself holds JSON, Countly escaped only the strings inside, so only
 * those are decoded.
 *
 * Everything else keeps its exact spelling. `json` must be valid JSON.
 */
export function unescapeEntities(json: string, depth = 0): string {
  if (!ampersand.test(json)) return json;
  const parts: string[] = [];
  let copied = 0;
  for (let at = json.indexOf('"'); at >= 0; at = json.indexOf('"', copied)) {
    const end = endOfString(json, at);
    parts.push(json.slice(copied, at), unescapeLiteral(json.slice(at, end), depth));
    copied = end;
  }
  return parts.join("") + json.slice(copied);
}

function unescapeLiteral(literal: string, depth: number): string {
  if (!ampersand.test(literal)) return literal;
  return JSON.stringify(unescapeText(JSON.parse(literal) as string, depth));
}

/** Countly sends `&` as it is; a proxy may send the escape. */
const ampersand = /&|\\u0026/;

const entity = /&(?:amp|lt|gt|quot|#39);/g;
const characters: Readonly<Record<string, string>> = {
  "&amp;": "&",
  "&lt;": "<",
  "&gt;": ">",
  "&quot;": '"',
  "&#39;": "'",
};

function unescapeText(text: string, depth: number): string {
  if (depth < maxDepth && holdsJson(text)) return unescapeEntities(text, depth + 1);
  return text.replace(entity, (match) => characters[match] ?? match);
}

function holdsJson(text: string): boolean {
  if (!/^\s*[[{]/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
