import type { Source } from "../core/source.ts";
import type { FlagName } from "./invocation/flags.ts";
import type { Invocation } from "./invocation/invocation.ts";

/** A command: what it is called, takes and does. The code that does it is loaded when it is called. */
export interface Command<About = Source> {
  /** As yargs spells it: words, then arguments. */
  readonly usage: string | readonly string[];
  readonly summary: string;
  readonly flags: readonly FlagName[];
  /** The sources that have the command; absent: every source. */
  readonly sources?: readonly string[];
  /** `$0` stands for the program. */
  readonly examples: readonly (readonly [line: string, what: string])[];
  readonly load: () => Promise<(invocation: Invocation<About>) => Promise<number> | number>;
}

const readingFlags = ["config", "streams", "concurrency"] as const;
const metricsFlags = ["metrics-port", "metrics-file"] as const;

/** All commands. The first is what runs without a command. */
export const sourceCommands: readonly Command[] = [
  {
    usage: ["sync", "$0"],
    summary: "Copy everything that is new into the destination",
    flags: [...readingFlags, "destination", "full-refresh", "dry-run", ...metricsFlags],
    examples: [
      ["$0", "copy what configuration.json says"],
      ["$0 --destination sqlite:./team.db", "copy into another database"],
      ["$0 --streams a,b --full-refresh", "read two streams again from the start"],
      ["$0 --dry-run", "read and count, write nothing"],
      ["$0 --metrics-file /var/lib/node_exporter/opik.prom", "numbers for Prometheus, from cron"],
    ],
    load: async () => (await import("./commands/sync.ts")).syncCommand,
  },
  {
    usage: "check",
    summary: "Prove configuration, login and destination",
    flags: ["config", "destination"],
    examples: [
      ["$0 check", "is everything ready for a sync?"],
      ["$0 check --destination postgres://me@host/db", "the same for another database"],
    ],
    load: async () => (await import("./commands/check.ts")).checkCommand,
  },
  {
    usage: "discover",
    summary: "Show streams, columns, types, keys and cursors",
    flags: ["config", "streams", "json"],
    examples: [
      ["$0 discover", "all tables and columns"],
      ["$0 discover --streams a --json", "one stream, for programs"],
    ],
    load: async () => (await import("./commands/discover.ts")).discoverCommand,
  },
  {
    usage: "sample",
    summary: "Show the first rows of each stream, without a destination",
    flags: [...readingFlags, "limit", "json"],
    examples: [["$0 sample --limit 3", "three rows of each stream"]],
    load: async () => (await import("./commands/sample.ts")).sampleCommand,
  },
  {
    usage: "state <action> [argument]",
    summary: "show, export, import FILE, or reset [STREAM]: the checkpoints",
    flags: ["config", "destination"],
    examples: [
      ["$0 state show", "where each stream goes on next time"],
      ["$0 state export > state.json", "keep a copy"],
      ["$0 state reset", "the next sync reads everything again; rows stay"],
    ],
    load: async () => (await import("./commands/state.ts")).stateCommand,
  },
  {
    usage: "status",
    summary: "Show the last syncs, what they wrote and how long they took",
    flags: ["config", "destination", "limit", "json"],
    examples: [
      ["$0 status", "the last ten syncs"],
      ["$0 status --limit 1 --json", "the last one, for programs"],
    ],
    load: async () => (await import("./commands/status.ts")).statusCommand,
  },
  {
    usage: "verify",
    summary: "Compare the keys of each stream with the service; write nothing",
    flags: [...readingFlags, "destination", "json"],
    examples: [
      ["$0 verify", "is the copy complete?"],
      ["$0 verify --streams a", "only one stream, which takes less time"],
    ],
    load: async () => (await import("./commands/verify.ts")).verifyCommand,
  },
  {
    usage: "plot <run> <metric>",
    summary: "Draw metrics of runs as curves, from the destination",
    flags: ["config", "destination", "svg"],
    sources: ["wandb"],
    examples: [
      ["$0 plot 3fk2a9xc loss", "one curve"],
      ["$0 plot 3fk2a9xc,8d0qwe12 loss,val/loss", "four curves: two metrics of two runs"],
      ["$0 plot 3fk2a9xc loss --svg loss.svg", "write a picture as well"],
    ],
    load: async () => (await import("./commands/plot.ts")).plotCommand,
  },
  {
    usage: "tap",
    summary: "Write a Singer tap's messages to standard output",
    flags: ["config", "catalog", "properties", "state", "discover", "concurrency"],
    examples: [
      ["$0 tap --discover > catalog.json", "what there is to select"],
      ["$0 tap --catalog catalog.json | rivulet target > state.json", "into ./warehouse.db"],
      ["$0 tap --state state.json | rivulet target", "go on from there"],
    ],
    load: async () => (await import("./commands/tap.ts")).tapCommand,
  },
  {
    usage: "serve",
    summary: "Serve the source to Fivetran, as a connector of its Partner SDK",
    flags: ["port"],
    examples: [
      ["$0 serve", "on port 50051"],
      ["$0 serve --port 50052", "on another one"],
    ],
    load: async () => (await import("./commands/serve.ts")).serveCommand,
  },
  {
    usage: "init",
    summary: "Ask, try it out against the service, and write configuration.json",
    flags: ["config", "force"],
    examples: [
      ["$0 init", "write configuration.json"],
      ["$0 init --config other.json", "write another file, for another workspace"],
    ],
    load: async () => (await import("./commands/init.ts")).initCommand,
  },
  {
    usage: "about",
    summary: "Show version, configuration keys and capabilities",
    flags: ["json"],
    examples: [
      ["$0 about", "all keys of configuration.json"],
      ["$0 about --json", "the same for programs"],
    ],
    load: async () => (await import("./commands/about.ts")).aboutCommand,
  },
];

/** The commands of one source. */
export function commandsOf(source: string): readonly Command[] {
  return sourceCommands.filter(({ sources }) => sources?.includes(source) ?? true);
}
