import type { Source } from "../core/source.ts";
import { configProperties, type ConfigProperty } from "./config-properties.ts";
import type { Connector, ConnectorKind } from "./connector.ts";

/** What the C8 contract wants to know of a connector. */
export interface ConnectorDescription {
  readonly name: string;
  readonly package_name: string;
  readonly version: string;
  readonly type: ConnectorKind;
  readonly description: string;
  readonly config: readonly ConfigProperty[];
  readonly capabilities: readonly string[];
  readonly reserved_keys: readonly string[];
}

/** Describes a connector, or a source of ours; `ownVersion` is what one has that brings none. */
export function describeConnector(
  connector: Connector | Source,
  ownVersion: string,
): ConnectorDescription {
  const known = "kind" in connector ? connector : { ...connector, kind: "source" as const };
  return {
    name: known.name,
    package_name: moduleName(known.kind, known.name),
    version: ("version" in known ? known.version : undefined) ?? ownVersion,
    type: known.kind,
    description: descriptionOf(known),
    config: configProperties(known),
    capabilities: known.kind === "source" ? ["catalog", "discover", "state"] : [],
    reserved_keys: known.kind === "target" ? known.reservedKeys : [],
  };
}

/** The name of a connector's module: `rivulet_source_opik`. */
export function moduleName(kind: ConnectorKind, name: string): string {
  return `rivulet_${kind}_${name.replaceAll("-", "_")}`;
}

/** The name of a connector's npm package: `rivulet-source-opik`. */
export function packageName(kind: ConnectorKind, name: string): string {
  return `rivulet-${kind}-${name.replaceAll("_", "-")}`;
}

function descriptionOf(connector: Connector): string {
  switch (connector.kind) {
    case "source":
      return `Copies ${connector.title} into a SQL database that you own.`;
    case "target":
      return `Writes what a source brings into ${connector.title}.`;
    case "integration":
      return connector.description;
  }
}
