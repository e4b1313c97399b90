import type { z } from "zod";
import { wholeNumber } from "../core/config-field.ts";
import type { Settings } from "./parse-settings.ts";
import { expandVariables, type ExpandContext } from "./variables.ts";

/** Settings of a configuration file that belong to no source. */
export interface GeneralSettings {
  /** The destination's URL. */
  readonly destination?: string;
  readonly pipeline?: string;
  /** How long a server may take for one statement. */
  readonly statementMs?: number;
  /** How many syncs of each pipeline the log keeps. */
  readonly keepSyncs?: number;
}

/** Their keys in the file. */
export const generalKeys = [
  "destination",
  "pipeline",
  "statement_seconds",
  "keep_syncs",
  "connectors",
  "$schema",
] as const;

const statementSeconds: z.ZodType<number> = wholeNumber(
  { min: 1, max: 86_400 },
  { description: "Time limit for the server's answer to one statement." },
);

const keepSyncs: z.ZodType<number> = wholeNumber(
  { min: 1, max: 1_000_000 },
  { description: "How many syncs of each pipeline the log keeps." },
);

/** Picks the general settings, expands variables and checks them. Adds to `problems`. */
export function readGeneralSettings(settings: Settings, context: ExpandContext): GeneralSettings {
  const given = generalKeys.flatMap((key) => (key in settings ? [[key, settings[key]]] : []));
  const {
    destination,
    pipeline,
    statement_seconds: seconds,
    keep_syncs: syncs,
  } = expandVariables(Object.fromEntries(given), "", context) as Settings;
  for (const [key, value] of Object.entries({ destination, pipeline })) {
    if (value !== undefined && typeof value !== "string")
      context.problems.push(`${key}: expected text`);
  }
  const number = (key: string, field: z.ZodType<number>, value: unknown): number | undefined => {
    const { data, error } = field.optional().safeParse(value);
    for (const { message } of error?.issues ?? []) context.problems.push(`${key}: ${message}`);
    return data;
  };
  const limits = {
    statement: number("statement_seconds", statementSeconds, seconds),
    syncs: number("keep_syncs", keepSyncs, syncs),
  };
  return {
    ...(typeof destination === "string" ? { destination } : {}),
    ...(typeof pipeline === "string" ? { pipeline } : {}),
    ...(limits.statement === undefined ? {} : { statementMs: limits.statement * 1000 }),
    ...(limits.syncs === undefined ? {} : { keepSyncs: limits.syncs }),
  };
}

/** How to open the destination, as these settings say. */
export function openingOf({
  statementMs,
  keepSyncs,
}: GeneralSettings): Pick<GeneralSettings, "statementMs" | "keepSyncs"> {
  return {
    ...(statementMs === undefined ? {} : { statementMs }),
    ...(keepSyncs === undefined ? {} : { keepSyncs }),
  };
}
