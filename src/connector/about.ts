import type { Source } from "../core/source.ts";
import { configProperties, type ConfigProperty } from "./config-properties.ts";
import type { Connector, ConnectorKind } from "./connector.ts";

/** A connector as the C8 contract describes it. */
interface ConnectorDescription {
  readonly name: string;
  readonly package_name: string;
  readonly version: string;
  readonly type: ConnectorKind;
  readonly description: string;
  readonly config: readonly ConfigProperty[];
  readonly capabilities: readonly string[];
  readonly reserved_keys: readonly string[];
}

/**
 * Describes a connector or a bundled source. `defaultVersion` is for those without a version.
 */
export function describeConnector(
  connector: Connector | Source,
  defaultVersion: string,
): ConnectorDescription {
  const described = "kind" in connector ? connector : { ...connector, kind: "source" as const };
  const { kind, name } = described;
  return {
    name,
    package_name: moduleName(kind, name),
    version: ("version" in described ? described.version : undefined) ?? defaultVersion,
    type: kind,
    description: descriptionOf(described),
    config: configProperties(described),
    capabilities: kind === "source" ? ["catalog", "discover", "state"] : [],
    reserved_keys: kind === "target" ? described.reservedKeys : [],
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
      return `Writes the rows of a source to ${connector.title}.`;
    case "integration":
      return connector.description;
  }
}
