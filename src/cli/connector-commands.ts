import type { IntegrationConnector, TargetConnector } from "../connector/connector.ts";
import type { Command } from "./source-commands.ts";

const aboutCommand = {
  usage: "about",
  summary: "Show version, configuration keys and reserved keys",
  flags: ["json"],
  examples: [["$0 about --json", "all of it as JSON"]],
  load: async () => (await import("./commands/about.ts")).aboutCommand,
} as const;

const checkCommand = {
  usage: "check",
  summary: "Test configuration and login",
  flags: ["config"],
  examples: [["$0 check", "is everything ready?"]],
  load: async () => (await import("./commands/check-connector.ts")).checkConnectorCommand,
} as const;

/** The commands of an external integration; the first is the default. */
export const integrationCommands: readonly Command<IntegrationConnector>[] = [
  {
    usage: ["sync", "$0"],
    summary: "Run the integration once",
    flags: ["config", "concurrency"],
    examples: [["$0 sync", "run it now"]],
    load: async () => (await import("./commands/run-integration.ts")).runIntegrationCommand,
  },
  checkCommand,
  aboutCommand,
];

/** The commands of an external target that need no source. */
export const targetCommands: readonly Command<TargetConnector>[] = [
  {
    usage: "sync",
    summary: "Load the output of a Singer tap, from standard input, into the target",
    flags: ["config", "destination", "pipeline", "batch-dir", "metrics-port", "metrics-file"],
    examples: [["opik-sync tap | $0 sync > state.json", "from a tap into the target"]],
    load: async () => (await import("./commands/sync-into-target.ts")).syncIntoTargetCommand,
  },
  checkCommand,
  aboutCommand,
];
