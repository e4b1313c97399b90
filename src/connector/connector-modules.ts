import { stackPositions, type Position } from "./stack-position.ts";

/** The folders of loaded connectors, as URLs, with the names by which they were loaded. */
const folders = new Map<string, string>();

/** Remembers which module a connector is, before it is loaded. */
export function recordConnectorModule(name: string, url: string): void {
  folders.set(new URL(".", url).href, name);
}

/** The connector in whose code an error arose; undefined if no loaded one was involved. */
export function connectorAtFault(error: unknown): string | undefined {
  const position = positionInConnector(error);
  return position && connectorOf(position.url);
}

/** Where in the code of a loaded connector an error arose. */
export function positionInConnector(error: unknown): Position | undefined {
  return stackPositions(error).find(({ url }) => connectorOf(url) !== undefined);
}

/** Packages that a connector uses are not its own code, nor is this program in a folder below. */
function connectorOf(url: string): string | undefined {
  if (url.startsWith(new URL(".", import.meta.url).href)) return undefined;
  for (const [folder, name] of folders) {
    if (url.startsWith(folder) && !url.slice(folder.length).includes("node_modules/")) return name;
  }
  return undefined;
}
