import { queryExamples, queryFlags, type Command } from "./source-commands.ts";

/** The commands of `rivulet` that need no source. */
export const programCommands: readonly Command<undefined>[] = [
  {
    usage: "sync",
    summary: "Sync all pipelines of the configuration",
    flags: [
      ...(["config", "pipeline", "parallel", "streams", "full-refresh"] as const),
      ...(["allow-mass-deletion", "every", "metrics-port", "metrics-file"] as const),
    ],
    examples: [
      ["$0 sync", "every source that configuration.json has a block for, one after the other"],
      ["$0 sync --parallel 4", "four at once"],
      ["$0 sync --pipeline vision,users", "two of them"],
      ["$0 sync --pipeline vision --full-refresh", "one of them, from the start"],
      ["$0 sync --every 1h", "again and again"],
    ],
    load: async () => (await import("./commands/sync-pipelines.ts")).syncPipelinesCommand,
  },
  {
    usage: "validate",
    summary: "Check all pipelines of the configuration; connects to nothing",
    flags: ["config"],
    examples: [["$0 validate", "is configuration.json right, as far as it can be told offline?"]],
    load: async () => (await import("./commands/validate.ts")).validateCommand,
  },
  {
    usage: "target [action] [argument] [name]",
    summary: "Load the output of a Singer tap, from standard input, into the destination",
    flags: [
      "config",
      "destination",
      "pipeline",
      "batch-dir",
      "limit",
      "json",
      "metrics-port",
      "metrics-file",
    ],
    examples: [
      ["tap-github --config github.json | $0 target > state.json", "into ./warehouse.db"],
      ["… | $0 target --destination postgres://me@host/db", "into another database"],
      ["$0 target status", "how did the last runs end?"],
      ["$0 target state > state.json", "the last STATE, for the tap to resume from"],
      ["$0 target quarantine", "what could not be stored, and why"],
      ["$0 target quarantine clear", "forget the lines that are not records"],
      ["$0 target quarantine clear users", "forget the records of a stream"],
      ["… | $0 target --pipeline github", "keep its state apart from other taps"],
    ],
    load: async () => (await import("./commands/target.ts")).targetCommand,
  },
  {
    usage: "query [sql]",
    summary: "Run SQL that only reads against the destination",
    flags: queryFlags,
    examples: queryExamples,
    load: async () => (await import("./commands/query.ts")).queryCommand,
  },
  {
    usage: "report",
    summary: "Write a report of all sources in the destination as one HTML file",
    flags: ["config", "pipeline", "destination", "output", "force"],
    examples: [["$0 report -o report.html", "open it in a browser, print it, or send it"]],
    load: async () => (await import("./commands/report.ts")).programReportCommand,
  },
  {
    usage: "create <name>",
    summary: "Create a package for your own connector",
    flags: ["kind"],
    examples: [
      ["$0 create help-desk", "a source, in ./rivulet-source-help-desk"],
      ["$0 create archive --kind target", "a target, in ./rivulet-target-archive"],
    ],
    load: async () => (await import("./commands/create.ts")).createCommand,
  },
];
