/**
 * JSON without the HTML entities that Countly puts into every name and string of an `/o` answer: each is undone once. A string that
 * holds JSON itself was escaped inside, and its own quotes stand.
 *
 * What is not escaped keeps its spelling to the letter; the text must be one that `JSON.parse` accepts.
 */
export function unescapeEntities(json: string): string {
  if (!ampersand.test(json)) return json;
  return json.replace(stringLiteral, (token) => {
    return ampersand.test(token)
      ? JSON.stringify(unescapeText(JSON.parse(token) as string))
      : token;
  });
}

/** The service writes `&` as it is; who stands between may spell it otherwise. */
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
  return text.replace(entity, (found) => characters[found] ?? found);
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
