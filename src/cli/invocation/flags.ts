import { z } from "zod";
import { connectorKinds } from "../../connector/connector.ts";
import {
  choice,
  described,
  fieldMeta,
  text,
  textList,
  wholeNumber,
  type FieldMeta,
} from "../../core/config-field.ts";
import { ConfigError } from "../../core/errors.ts";
import { levels } from "../../core/log.ts";
import { suggestion } from "../../core/suggestion.ts";

const switchFlag = (description: string) => described(z.boolean(), { description });

/** Comma-separated names. The flag may be repeated, and a comma may follow the last name. */
const nameList = (meta: FieldMeta) => {
  const joined = (given: unknown): string =>
    [given]
      .flat()
      .join(",")
      .split(",")
      .map((name) => name.trim())
      .filter((name) => name !== "")
      .join(",");
  return described(z.preprocess(joined, textList(meta)), meta);
};

/** A port, or `default` if the flag has no value. */
const portOrDefault = z.union(
  [z.literal("default"), wholeNumber({ min: 0, max: 65_535 }, { description: "A port" })],
  { error: "expected a port from 0 to 65535, or nothing" },
);

const expectedWeight = "expected a number from 0 to 0.999, or nothing";

/** The weight of the past in a moving average. */
const smoothing = z.preprocess(
  (given) => (given === "default" ? 0.6 : Number(given)),
  z.number({ error: expectedWeight }).min(0, expectedWeight).max(0.999, expectedWeight),
);

const emptyAsDefault = (given: unknown): unknown => (given === "" ? "default" : given);

const unitMs: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** What a timer of Node can wait for, about. */
const maxDurationMs = 24 * 86_400_000;

/** A length of time, such as `90s`, `15m`, `2h` or `1d`, in milliseconds. */
function duration(description: string) {
  const toMs = (given: unknown): unknown => {
    const [, count = "", unit = ""] = /^(\d{1,6})\s*([smhd])$/.exec(String(given).trim()) ?? [];
    const ms = Number(count) * (unitMs[unit] ?? 0);
    return ms > 0 && ms <= maxDurationMs ? ms : given;
  };
  const error = ({ input }: { readonly input?: unknown }): string =>
    `expected a time of at most 24 days, such as 90s, 15m, 2h or 1d, got ${JSON.stringify(input)}`;
  return described(z.preprocess(toMs, z.number({ error })), { description });
}

/** The value of each flag, and its description in `--help`. */
const flagFields = {
  config: text({ description: "Configuration file (default: configuration.json)" }),
  destination: text({
    description:
      "Where to write: sqlite:./file.db or postgres://user:password@host/database?schema=name",
  }),
  streams: nameList({ description: "Only these streams, separated by commas" }),
  entity: text({ description: "The W&B user or team that owns the projects" }),
  project: described(
    z.preprocess((given) => [given].flat(), z.array(z.string())),
    {
      description: "The project to copy; repeat it for several, '*' for all",
    },
  ),
  workspace: text({ description: "The workspace to copy" }),
  app: nameList({ description: "The apps to copy, separated by commas; '*' for all" }),
  url: text({ description: "The URL of the service" }),
  // Text here: the source's own schema checks the number.
  concurrency: text({ description: "Maximum parallel requests" }),
  "full-refresh": switchFlag("Read everything again, as in the first sync"),
  "allow-mass-deletion": switchFlag(
    "Mark rows as deleted even if the service lists far fewer than before",
  ),
  "dry-run": switchFlag("Read and count, but write nothing"),
  "keys-only": switchFlag("Compare keys, but no values; reads as much from the service"),
  json: switchFlag("Print JSON"),
  csv: switchFlag("Print CSV"),
  nl: switchFlag("Print one JSON object per line"),
  param: described(
    z.preprocess((given) => [given].flat(), z.array(z.string())),
    {
      description: "Value of :name in the SQL, as NAME=VALUE; may be repeated",
    },
  ),
  file: text({ description: "Read the SQL from this file" }),
  timeout: wholeNumber(
    { min: 1, max: 86_400 },
    { description: "How many seconds to wait for the next rows (default: 60)" },
  ),
  limit: wholeNumber({ min: 1, max: 1_000_000 }, { description: "Maximum number to show" }),
  port: wholeNumber({ min: 0, max: 65_535 }, { description: "Port to listen on (default: 50051)" }),
  host: text({ description: "Address to listen on (default: all; there is no TLS and no login)" }),
  "allow-private": switchFlag("Let callers name hosts in private networks, and this machine"),
  best: wholeNumber({ min: 1, max: 48 }, { description: "Only so many runs: the best" }),
  by: text({
    description:
      "The metric that --best compares, such as loss, loss:min or acc:max (default: the metric drawn)",
  }),
  group: text({
    description: "One curve for each value of a key (config.lr) or column (state): the mean",
  }),
  "log-y": switchFlag("Logarithmic y axis"),
  smooth: described(z.preprocess(emptyAsDefault, smoothing), {
    description: "Moving average: the weight of the past, below 1 (without a number: 0.6)",
  }),
  x: choice(["step", "time"], { description: "What the x axis shows: step or time" }),
  svg: text({ description: "Also write the plot to this SVG file" }),
  kind: choice(connectorKinds, {
    description: `Kind of connector: ${connectorKinds.join(", ")} (default: source)`,
  }),
  "metrics-port": described(z.preprocess(emptyAsDefault, portOrDefault), {
    description:
      "Serve Prometheus metrics on this port while running (without a number: 8000, targets 8001)",
  }),
  "metrics-file": text({
    description: "Write Prometheus metrics to this file at the end (for the textfile collector)",
  }),
  output: text({ description: "File to write" }),
  force: switchFlag("Replace an existing file or settings without asking"),
  catalog: text({ description: "Singer catalog that selects streams and columns" }),
  properties: text({ description: "Same as --catalog" }),
  state: text({ description: "Singer state of an earlier run, to resume from" }),
  discover: switchFlag("Print the Singer catalog and exit"),
  pipeline: text({
    description: "The pipeline, where the configuration has several; for targets, the state's name",
  }),
  parallel: wholeNumber({ min: 1, max: 64 }, { description: "How many pipelines to sync at once" }),
  every: duration("Sync again and again, this often: 15m, 1h"),
  "max-age": duration("End with 1 unless a sync has completed, at least in part, in this time: 2h"),
  "batch-dir": text({
    description: "Folder that files of a BATCH must be in (default: the working directory)",
  }),
  "log-format": choice(["pretty", "json"], {
    description:
      "Log format on standard error: pretty or json (default: pretty on a terminal, else json)",
  }),
  "log-level": choice(levels, {
    description: `Minimum log level: ${levels.join(", ")} (default: info)`,
  }),
  color: switchFlag("Use colors; --no-color: don't (default: on a terminal)"),
  verbose: switchFlag("The same as --log-level debug"),
  quiet: switchFlag("No progress or summary, only warnings and errors"),
} as const;

/** The name of a flag, without its dashes. */
export type FlagName = keyof typeof flagFields;

/** The flags and positional arguments that were given. */
export type Flags = Readonly<
  Partial<Record<"action" | "argument" | "run" | "metric" | "name" | "sql", string>> & {
    projects?: readonly string[];
  } & {
    [Name in FlagName]?: z.output<(typeof flagFields)[Name]>;
  }
>;

/** All flags of all commands. */
export const flagNames = Object.keys(flagFields) as readonly FlagName[];

/** Flags as options of yargs: switches, or text that `readFlags` checks. */
export function flagOptions(names: readonly FlagName[]) {
  return Object.fromEntries(names.map((name) => [name, optionOf(name)]));
}

function optionOf(name: FlagName) {
  const field: z.ZodType = flagFields[name];
  const type = field instanceof z.ZodBoolean ? ("boolean" as const) : ("string" as const);
  const describe = fieldMeta(field)?.description ?? "";
  const alias = letters[name];
  return { type, describe, ...(alias === undefined ? {} : { alias }) };
}

/** Letters that stand for flags. */
const letters: Readonly<Partial<Record<FlagName, string>>> = {
  config: "c",
  quiet: "q",
  param: "p",
  output: "o",
};

/**
 * Throws a ConfigError if a switch has a value other than `true` or `false`: yargs would read
 * `--dry-run=yes` as off.
 */
export function rejectSwitchValues(args: readonly string[]): void {
  for (const arg of args) {
    const [, name = "", value = ""] = /^--([a-z-]+)=(.*)$/.exec(arg) ?? [];
    const field = Object.entries(flagFields).find(([flagName]) => flagName === name)?.[1];
    if (!(field instanceof z.ZodBoolean) || ["true", "false"].includes(value)) continue;
    throw new ConfigError(`--${name}: takes no value; write --${name}, or leave it out`);
  }
}

/** The flags and positional arguments that a command accepts. */
interface AcceptedFlags {
  readonly flags: readonly FlagName[];
  readonly argumentNames: readonly string[];
}

/** Several where the name of the argument ends with dots. */
const argumentShape = z.union([z.string(), z.array(z.string())]).optional();

/** Checks what yargs parsed. Throws a ConfigError that names every invalid or unknown flag. */
export function readFlags(
  parsed: Readonly<Record<string, unknown>>,
  { flags, argumentNames }: AcceptedFlags,
) {
  const shape = z.strictObject({
    _: z.unknown(),
    $0: z.unknown(),
    ...Object.fromEntries(flags.map((name) => [name, flagFields[name].optional()])),
    ...Object.fromEntries(argumentNames.map((name) => [name, argumentShape])),
  });
  const { data, error } = shape.safeParse(parsed);
  if (data) return data as Flags;
  const problems = error.issues.flatMap((issue) => {
    if (issue.code === "unrecognized_keys")
      return issue.keys.map((key) => unknownOption(key, flags));
    const name = String(issue.path[0]);
    return `--${name}: ${Array.isArray(parsed[name]) ? "given more than once" : issue.message}`;
  });
  throw new ConfigError(problems.join("; "));
}

function unknownOption(key: string, accepted: readonly FlagName[]): string {
  const flag = (name: string): string => (name.length === 1 ? `-${name}` : `--${name}`);
  return `${flag(key)}: unknown option; ${suggestion(flag(key), accepted.map(flag))}`;
}
