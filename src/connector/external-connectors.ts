import { ConfigError } from "../core/errors.ts";
import type {
  Connector,
  IntegrationConnector,
  SourceConnector,
  TargetConnector,
} from "./connector.ts";
import { loadConnector, type LoadOptions } from "./load-connector.ts";

/** The connectors that a command line brings along: a source and a target go together, an integration stands alone. */
export interface ExternalConnectors {
  readonly source?: SourceConnector;
  readonly target?: TargetConnector;
  readonly integration?: IntegrationConnector;
}

/** Loads connectors by what the command line calls them. Throws a ConfigError where one is none, or they do not go together. */
export async function loadExternalConnectors(
  names: readonly string[],
  options: LoadOptions,
): Promise<ExternalConnectors> {
  let outside: ExternalConnectors = {};
  for (const name of names) {
    const connector = await loadConnector(name, options);
    if (outside[connector.kind])
      throw new ConfigError(`--connector ${name}: a second ${connector.kind}; name one of each`);
    outside = withConnector(outside, connector);
  }
  if (outside.integration && names.length > 1)
    throw new ConfigError("--connector: an integration stands alone; leave the others out");
  return outside;
}

function withConnector(outside: ExternalConnectors, connector: Connector): ExternalConnectors {
  switch (connector.kind) {
    case "source":
      return { ...outside, source: connector };
    case "target":
      return { ...outside, target: connector };
    case "integration":
      return { ...outside, integration: connector };
  }
}
