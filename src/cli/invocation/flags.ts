import { z } from "zod";
import {
  choice,
  described,
  fieldMeta,
  text,
  textList,
  wholeNumber,
  type FieldMeta,
} from "../../core/config-field.ts";
import { connectorKinds } from "../../connector/connector.ts";
import { ConfigError } from "../../core/errors.ts";
import { levels } from "../../core/log.ts";
import { suggestion } from "../../core/suggestion.ts";

const switchFlag = (description: string) => described(z.boolean(), { description });

/** Names with commas between them; the option may be given several times, and end with a comma. */
const nameList = (meta: FieldMeta) => {
  const joined = (given: unknown): string =>
    [given]
      .flat()
      .join(",")
      .replace(/[\s,]*,[\s,]*/g, ",")
      .replace(/^,|,$/g, "");
  return described(z.preprocess(joined, textList(meta)), meta);
};

/** A port, or that of the contract where the option stands alone. */
const portOrDefault = z.union(
  [z.literal("default"), wholeNumber({ min: 0, max: 65_535 }, { description: "A port" })],
  { error: "expected a port from 0 to 65535, or nothing" },
);

const emptyAsDefault = (given: unknown): unknown => (given === "" ? "default" : given);

/** What each flag takes, and what it does. */
const flagFields = {
  config: text({ description: "The configuration file (default: configuration.json)" }),
  destination: text({
    description:
      "Where to copy to: sqlite:./file.db or postgres://user:password@host/database?schema=name",
  }),
  streams: nameList({ description: "Only these streams, with commas between them" }),
  // What it may be is the source's to say.
  concurrency: text({ description: "How many requests at once, at most" }),
  "full-refresh": switchFlag("Read everything again, as if for the first time"),
  "dry-run": switchFlag("Read and count, write nothing"),
  json: switchFlag("Print JSON, for programs"),
  limit: wholeNumber({ min: 1, max: 1_000_000 }, { description: "How many to show, at most" }),
  port: wholeNumber({ min: 0, max: 65_535 }, { description: "Where to listen (default: 50051)" }),
  svg: text({ description: "Write a picture into this file as well" }),
  kind: choice(connectorKinds, {
    description: `What kind of connector: ${connectorKinds.join(", ")} (default: source)`,
  }),
  "metrics-port": described(z.preprocess(emptyAsDefault, portOrDefault), {
    description: "Show Prometheus metrics on this port (8000 where none is given) while it runs",
  }),
  "metrics-file": text({
    description: "Write Prometheus metrics into this file at the end, for the textfile collector",
  }),
  force: switchFlag("Replace what is there without asking"),
  catalog: text({
    description: "The Singer catalog that says which streams and columns are wanted",
  }),
  properties: text({ description: "The same as --catalog" }),
  state: text({ description: "The Singer state of an earlier run, to go on from" }),
  discover: switchFlag("Print the Singer catalog and end"),
  pipeline: text({ description: "The name under which the state is kept (default: target)" }),
  "log-format": choice(["pretty", "json"], {
    description:
      "Log lines on standard error: pretty or json (default: pretty on a terminal, else json)",
  }),
  "log-level": choice(levels, {
    description: `The least that is logged: ${levels.join(", ")} (default: info)`,
  }),
  quiet: switchFlag("No progress and no summary, only warnings and errors"),
} as const;

export type FlagName = keyof typeof flagFields;

/** The flags and arguments of a command line, as far as they were given. */
export type Flags = Readonly<
  Partial<Record<"action" | "argument" | "run" | "metric" | "name", string>> & {
    [Name in FlagName]?: z.output<(typeof flagFields)[Name]>;
  }
>;

export const flagNames = Object.keys(flagFields) as readonly FlagName[];

/** What flags are to yargs: switches, or text that is checked by `readFlags`. */
export function flagOptions(names: readonly FlagName[]) {
  return Object.fromEntries(names.map((name) => [name, optionOf(flagFields[name])]));
}

function optionOf(field: z.ZodType) {
  const type = field instanceof z.ZodBoolean ? ("boolean" as const) : ("string" as const);
  return { type, describe: fieldMeta(field)?.description ?? "" };
}

/** A switch takes no value: to yargs, `--dry-run=yes` means that it is off. Throws a ConfigError that names the switch. */
export function rejectSwitchValues(args: readonly string[]): void {
  for (const arg of args) {
    const [, name = "", value = ""] = /^--([a-z-]+)=(.*)$/.exec(arg) ?? [];
    const field = Object.entries(flagFields).find(([known]) => known === name)?.[1];
    if (!(field instanceof z.ZodBoolean) || ["true", "false"].includes(value)) continue;
    throw new ConfigError(`--${name}: takes no value; write --${name}, or leave it out`);
  }
}

/** Which flags a command has, and which names its arguments have. */
export interface AcceptedFlags {
  readonly flags: readonly FlagName[];
  readonly argumentNames: readonly string[];
}

/** Checks what yargs found. Throws a ConfigError that names each wrong or unknown flag. */
export function readFlags(
  given: Readonly<Record<string, unknown>>,
  { flags, argumentNames }: AcceptedFlags,
) {
  const shape = z.strictObject({
    _: z.unknown(),
    $0: z.unknown(),
    ...Object.fromEntries(flags.map((name) => [name, flagFields[name].optional()])),
    ...Object.fromEntries(argumentNames.map((name) => [name, z.string().optional()])),
  });
  const { data, error } = shape.safeParse(given);
  if (data) return data as Flags;
  const problems = error.issues.flatMap((issue) => {
    if (issue.code === "unrecognized_keys")
      return issue.keys.map((key) => unknownOption(key, flags));
    const name = String(issue.path[0]);
    return `--${name}: ${Array.isArray(given[name]) ? "given more than once" : issue.message}`;
  });
  throw new ConfigError(problems.join("; "));
}

function unknownOption(key: string, known: readonly FlagName[]): string {
  const flag = (name: string): string => (name.length === 1 ? `-${name}` : `--${name}`);
  return `${flag(key)}: unknown option; ${suggestion(flag(key), known.map(flag))}`;
}
