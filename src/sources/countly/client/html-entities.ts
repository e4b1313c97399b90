/**
 * Decodes, once, the HTML entities that Countly puts into every name and string of an `/o`
 * response. In a string that itself holds JSON, Countly escaped only the strings inside, so only
 * those are decoded.
 *
 * Everything else keeps its exact spelling. `json` must be valid JSON.
 */
export function unescapeEntities(json: string): string {
  if (!ampersand.test(json)) return json;
  return json.replace(stringLiteral, (literal) => {
    return ampersand.test(literal)
      ? JSON.stringify(unescapeText(JSON.parse(literal) as string))
      : literal;
  });
}

/** Countly sends `&` as it is; a proxy may send the escape. */
const ampersand = /&|\\u0026/;
const stringLiteral = /"[^"\\]*(?:\\.[^"\\]*)*"/g;

const entity = /&(?:amp|lt|gt|quot|#39);/g;
const characters: Readonly<Record<string, string>> = {
  "&amp;": "&",
  "&lt;": "<",
  "&gt;": ">",
  "&quot;": '"',
  "&#39;": "'",
};

function unescapeText(text: string): string {
  if (holdsJson(text)) return unescapeEntities(text);
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
