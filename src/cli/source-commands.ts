import type { Source } from "../core/source.ts";
import type { FlagName } from "./invocation/flags.ts";
import type { Invocation } from "./invocation/invocation.ts";

/** A command's name, flags and help. Its code is loaded only when it runs. */
export interface Command<Subject = Source> {
  /** Name and arguments in the syntax of yargs; `$0` marks the default command. */
  readonly usage: string | readonly string[];
  /** One line for `--help`. */
  readonly summary: string;
  readonly flags: readonly FlagName[];
  /** The bundled sources that have the command; absent: every source. */
  readonly sources?: readonly string[];
  /** Command lines for `--help`, in which `$0` stands for the program. */
  readonly examples: readonly (readonly [line: string, description: string])[];
  /** Loads the function that runs the command and resolves to the exit status. */
  readonly load: () => Promise<(invocation: Invocation<Subject>) => Promise<number> | number>;
}

const readingFlags = ["config", "pipeline", "streams", "concurrency"] as const;
const metricsFlags = ["metrics-port", "metrics-file"] as const;

/** The flags of `query`. */
export const queryFlags: readonly FlagName[] = [
  "config",
  "pipeline",
  "destination",
  "param",
  "file",
  "csv",
  "json",
  "nl",
  "limit",
  "timeout",
];

/** Examples of `query`. */
export const queryExamples = [
  ['$0 query "SELECT * FROM _rivulet_sync"', "a table; on a pipe, values separated by tabs"],
  ['$0 query --csv "SELECT 1 AS one" > one.csv', "CSV, also --json and --nl"],
  ['$0 query -p day=2026-01-31 "SELECT :day AS day"', "with a parameter"],
  ["$0 query --file report.sql", "from a file; - reads standard input"],
] as const;

/** All commands of sources; the first is the default. */
export const sourceCommands: readonly Command[] = [
  {
    usage: ["sync", "$0"],
    summary: "Copy new and changed data into the destination",
    flags: [
      ...readingFlags,
      "destination",
      "full-refresh",
      "allow-mass-deletion",
      "dry-run",
      "every",
      ...metricsFlags,
    ],
    examples: [
      ["$0", "sync as configured in configuration.json"],
      ["$0 --destination sqlite:./team.db", "sync into another database"],
      ["$0 --streams a,b --full-refresh", "read two streams again from the start"],
      ["$0 --dry-run", "read and count, but write nothing"],
      ["$0 --every 15m", "sync again and again, as in a container"],
      ["$0 --metrics-file /var/lib/node_exporter/opik.prom", "Prometheus metrics of a cron job"],
    ],
    load: async () => (await import("./commands/sync.ts")).syncCommand,
  },
  {
    usage: "check",
    summary: "Test configuration, login and destination",
    flags: ["config", "pipeline", "destination"],
    examples: [
      ["$0 check", "is everything ready for a sync?"],
      ["$0 check --destination postgres://me@host/db", "test another database"],
    ],
    load: async () => (await import("./commands/check.ts")).checkCommand,
  },
  {
    usage: "validate",
    summary: "Check the configuration file; connects to nothing",
    flags: ["config", "pipeline"],
    examples: [["$0 validate", "is configuration.json right, as far as it can be told offline?"]],
    load: async () => (await import("./commands/validate.ts")).validateCommand,
  },
  {
    usage: "discover",
    summary: "Show streams, columns, types, keys and cursors",
    flags: ["config", "pipeline", "streams", "json"],
    examples: [
      ["$0 discover", "all tables and columns"],
      ["$0 discover --streams a --json", "one stream as JSON"],
    ],
    load: async () => (await import("./commands/discover.ts")).discoverCommand,
  },
  {
    usage: "sample",
    summary: "Show the first rows of each stream; needs no destination",
    flags: [...readingFlags, "limit", "json"],
    examples: [["$0 sample --limit 3", "three rows of each stream"]],
    load: async () => (await import("./commands/sample.ts")).sampleCommand,
  },
  {
    usage: "state <action> [argument]",
    summary: "Show, export, import or reset checkpoints",
    flags: ["config", "pipeline", "destination"],
    examples: [
      ["$0 state show", "where each stream resumes"],
      ["$0 state export > state.json", "back up all checkpoints"],
      ["$0 state import state.json", "replace all checkpoints"],
      ["$0 state reset a", "read stream a again from the start; its rows stay"],
    ],
    load: async () => (await import("./commands/state.ts")).stateCommand,
  },
  {
    usage: "status",
    summary: "Show recent syncs: outcome, duration and counts",
    flags: ["config", "pipeline", "destination", "limit", "max-age", "json"],
    examples: [
      ["$0 status", "the last ten syncs"],
      ["$0 status --limit 1 --json", "the last sync as JSON"],
      ["$0 status --max-age 2h", "for health checks: has a sync completed in that time?"],
    ],
    load: async () => (await import("./commands/status.ts")).statusCommand,
  },
  {
    usage: "verify",
    summary: "Compare every value with the service; writes nothing",
    flags: [...readingFlags, "destination", "keys-only", "json"],
    examples: [
      ["$0 verify", "is every row there, with the same values?"],
      ["$0 verify --streams a", "one stream only, which is faster"],
      ["$0 verify --keys-only", "is every row there?"],
    ],
    load: async () => (await import("./commands/verify.ts")).verifyCommand,
  },
  {
    usage: "query [sql]",
    summary: "Run SQL that only reads against the destination",
    flags: queryFlags,
    examples: queryExamples,
    load: async () => (await import("./commands/query.ts")).queryCommand,
  },
  {
    usage: "plot [run] [metric]",
    summary: "Plot metrics of runs, as stored in the destination; without arguments, list them",
    flags: [
      "config",
      "pipeline",
      "destination",
      "best",
      "by",
      "group",
      "log-y",
      "smooth",
      "x",
      "svg",
      "limit",
    ],
    sources: ["wandb"],
    examples: [
      ["$0 plot", "which runs and metrics are there?"],
      ["$0 plot baseline loss", "a run by its name, its id or the beginning of one"],
      ["$0 plot baseline,warmup 'loss,val*'", "several metrics of two runs"],
      ["$0 plot --best 5 --by loss", "the runs with the lowest loss (--by acc:max: the highest)"],
      ["$0 plot '*' loss --group config.lr", "the mean of all runs with the same learning rate"],
      ["$0 plot baseline loss --log-y --smooth --x time", "other axes, and without the noise"],
      ["$0 plot baseline loss --svg loss.svg", "also write an SVG file"],
    ],
    load: async () => (await import("./commands/plot.ts")).plotCommand,
  },
  {
    usage: "report",
    summary: "Write a report as one HTML file: syncs, freshness, tables and the source's own page",
    flags: ["config", "pipeline", "destination", "output", "force"],
    examples: [
      ["$0 report -o report.html", "open it in a browser, print it, or send it"],
      ["$0 report -o report.html --destination sqlite:./team.db", "of another database"],
    ],
    load: async () => (await import("./commands/report.ts")).reportCommand,
  },
  {
    usage: "tap",
    summary: "Run as a Singer tap: write messages to standard output",
    flags: [
      "config",
      "pipeline",
      "catalog",
      "properties",
      "state",
      "discover",
      "concurrency",
      "allow-mass-deletion",
    ],
    examples: [
      ["$0 tap --discover > catalog.json", "list what can be selected"],
      ["$0 tap --catalog catalog.json | rivulet target > state.json", "into ./warehouse.db"],
      ["$0 tap --state state.json | rivulet target", "resume from that state"],
    ],
    load: async () => (await import("./commands/tap.ts")).tapCommand,
  },
  {
    usage: "serve",
    summary: "Serve the source to Fivetran through its Partner SDK",
    flags: ["port", "host", "allow-private"],
    examples: [
      ["$0 serve", "on port 50051, without TLS or login"],
      ["$0 serve --host 127.0.0.1", "for programs on this machine only"],
      ["$0 serve --port 50052", "on another port"],
    ],
    load: async () => (await import("./commands/serve.ts")).serveCommand,
  },
  {
    usage: "init",
    summary: "Set up interactively and write configuration.json",
    flags: ["config", "force"],
    examples: [
      ["$0 init", "write configuration.json"],
      ["$0 init --config other.json", "write a second file, for another workspace"],
    ],
    load: async () => (await import("./commands/init.ts")).initCommand,
  },
  {
    usage: "about",
    summary: "Show version, configuration keys and capabilities",
    flags: ["json"],
    examples: [
      ["$0 about", "all keys of configuration.json"],
      ["$0 about --json", "the same as JSON"],
    ],
    load: async () => (await import("./commands/about.ts")).aboutCommand,
  },
];
