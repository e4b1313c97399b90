import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { packageName } from "./about.ts";
import { connectorKinds } from "./connector.ts";

/** Whether a package for a connector of this name is installed, of any kind. */
export function isInstalledConnector(name: string, folder: string): boolean {
  const require = createRequire(join(resolve(folder), "here.js"));
  return connectorKinds.some((kind) => {
    try {
      return require.resolve(packageName(kind, name)) !== "";
    } catch {
      return false;
    }
  });
}
