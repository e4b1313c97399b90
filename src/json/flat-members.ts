/** Members deeper than this stay in the object that holds them. */
const maxDepth = 8;

/**
 * The members of a JSON object by their dotted path (`model.depth`): those that are no objects, and
 * empty objects. Takes the text or the parsed value, as databases return either; empty if it is no
 * object.
 */
export function flatMembers(json: unknown): ReadonlyMap<string, unknown> {
  const flat = new Map<string, unknown>();
  const value = typeof json === "string" ? parsed(json) : json;
  if (isObject(value)) addMembers(flat, [], value);
  return flat;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function addMembers(flat: Map<string, unknown>, path: readonly string[], object: object): void {
  for (const [name, member] of Object.entries(object)) {
    const key = [...path, name];
    if (isObject(member) && key.length < maxDepth && Object.keys(member).length > 0)
      addMembers(flat, key, member);
    else flat.set(key.join("."), member);
  }
}
