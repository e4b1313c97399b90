import type { Command } from "./source-commands.ts";

/** The commands of `rivulet` that are about no source. */
export const programCommands: readonly Command<undefined>[] = [
  {
    usage: "target",
    summary: "Write what a Singer tap sends to standard input",
    flags: ["config", "destination", "pipeline", "metrics-port", "metrics-file"],
    examples: [
      ["tap-github --config github.json | $0 target > state.json", "into ./warehouse.db"],
      ["… | $0 target --destination postgres://me@host/db", "into another database"],
      ["… | $0 target --pipeline github", "keep apart from what other taps send"],
    ],
    load: async () => (await import("./commands/target.ts")).targetCommand,
  },
  {
    usage: "create <name>",
    summary: "Write the package of a connector of your own",
    flags: ["kind"],
    examples: [
      ["$0 create help-desk", "a source, in ./rivulet-source-help-desk"],
      ["$0 create archive --kind target", "a target, in ./rivulet-target-archive"],
    ],
    load: async () => (await import("./commands/create.ts")).createCommand,
  },
];
