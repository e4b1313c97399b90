import { ConfigError } from "../core/errors.ts";
import type {
  Connector,
  IntegrationConnector,
  SourceConnector,
  TargetConnector,
} from "./connector.ts";
import { loadConnector, type LoadOptions } from "./load-connector.ts";

/** The external connectors of a command line: a source, a target or both, or one integration. */
export interface ExternalConnectors {
  readonly source?: SourceConnector;
  readonly target?: TargetConnector;
  readonly integration?: IntegrationConnector;
}

/**
 * Loads the connectors of a command line. Throws a ConfigError if one is invalid, or if they cannot
 * be combined.
 */
export async function loadExternalConnectors(
  names: readonly string[],
  options: LoadOptions,
): Promise<ExternalConnectors> {
  let connectors: ExternalConnectors = {};
  for (const name of names) {
    const connector = await loadConnector(name, options);
    if (connectors[connector.kind])
      throw new ConfigError(
        `--connector ${name}: a second ${connector.kind}; pass one of each kind`,
      );
    connectors = addConnector(connectors, connector);
  }
  if (connectors.integration && names.length > 1)
    throw new ConfigError(
      "--connector: an integration cannot be combined with other connectors; leave them out",
    );
  return connectors;
}

function addConnector(connectors: ExternalConnectors, connector: Connector): ExternalConnectors {
  switch (connector.kind) {
    case "source":
      return { ...connectors, source: connector };
    case "target":
      return { ...connectors, target: connector };
    case "integration":
      return { ...connectors, integration: connector };
  }
}
