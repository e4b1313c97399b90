import type { z } from "zod";
import { wholeNumber } from "../core/config-field.ts";
import type { Environment } from "../core/source.ts";
import { expandVariables, type Settings } from "./configuration-file.ts";

/** Settings of a configuration file that belong to no source. */
export interface GeneralSettings {
  /** The destination's URL. */
  readonly destination?: string;
  readonly pipeline?: string;
  /** How long a server may take for one statement. */
  readonly statementMs?: number;
}

/** Their keys in the file. */
export const generalKeys = ["destination", "pipeline", "statement_seconds"] as const;

const statementSeconds: z.ZodType<number> = wholeNumber(
  { min: 1, max: 86_400 },
  { description: "Time limit for the server's answer to one statement." },
);

/** Picks the general settings, expands variables and checks them. Adds to `problems`. */
export function readGeneralSettings(
  settings: Settings,
  context: { readonly env: Environment; readonly problems: string[] },
): GeneralSettings {
  const given = generalKeys.flatMap((key) => (key in settings ? [[key, settings[key]]] : []));
  const {
    destination,
    pipeline,
    statement_seconds: seconds,
  } = expandVariables(Object.fromEntries(given), "", context) as Settings;
  for (const [key, value] of Object.entries({ destination, pipeline })) {
    if (value !== undefined && typeof value !== "string")
      context.problems.push(`${key}: expected text`);
  }
  const { data, error } = statementSeconds.optional().safeParse(seconds);
  for (const { message } of error?.issues ?? [])
    context.problems.push(`statement_seconds: ${message}`);
  return {
    ...(typeof destination === "string" ? { destination } : {}),
    ...(typeof pipeline === "string" ? { pipeline } : {}),
    ...(data === undefined ? {} : { statementMs: data * 1000 }),
  };
}
