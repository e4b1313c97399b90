import type { z } from "zod";
import { fieldMeta, type FieldMeta } from "../core/config-field.ts";
import type { Source } from "../core/source.ts";
import { suggestion } from "../core/suggestion.ts";
import type { Settings } from "./parse-settings.ts";

/** A setting that is missing or invalid. */
export interface Problem {
  /** The keys that lead to it within the source's settings. */
  readonly path: readonly string[];
  readonly message: string;
}

/** The part of a source that its settings are checked with. */
export type Checked = Pick<Source, "config" | "normalize">;

/** Checks settings with the source's schema: returns the parsed configuration, or all problems. */
export function checkSettings(
  source: Checked,
  settings: Settings,
): { readonly config?: unknown; readonly problems: readonly Problem[] } {
  const normal = source.normalize?.(settings) ?? settings;
  const { data, error } = source.config.strict().safeParse(normal);
  return {
    config: data,
    problems: error?.issues.flatMap((issue) => problemsOf(issue, source)) ?? [],
  };
}

/** The same where the service is not asked: what only it needs may be missing. */
export function checkOffline(
  source: Checked,
  settings: Settings,
): ReturnType<typeof checkSettings> {
  const filled: Record<string, unknown> = { ...settings };
  let checked = checkSettings(source, filled);
  for (let rounds = 0; rounds < 3; rounds += 1) {
    for (const { path } of checked.problems) {
      const [key = ""] = path;
      // Any text will do, unless it must be a URL.
      if (settings[key] === undefined)
        filled[key] = filled[key] === undefined ? "-" : "https://localhost";
    }
    checked = checkSettings(source, filled);
  }
  return checked;
}

/** Formats a problem: `opik.page_size: expected a whole number`. */
export function formatProblem({ path, message }: Problem, section = ""): string {
  const where = [section, ...path].filter((key) => key !== "").join(".");
  return where === "" ? message : `${where}: ${message}`;
}

/** The values among these settings that must never be shown. */
export function secretsOf(source: Pick<Source, "config">, settings: Settings): string[] {
  const fields = configFields(source);
  return Object.entries(settings).flatMap(([key, value]) =>
    fields[key]?.secret === true && typeof value === "string" ? [value] : [],
  );
}

/** The keys of settings that must never be shown. */
export function secretKeysOf(source: Pick<Source, "config">): string[] {
  const fields = Object.entries(configFields(source));
  return fields.flatMap(([key, { secret }]) => (secret === true ? [key] : []));
}

/** The description and other metadata of each key of a source's configuration. */
export function configFields(source: Pick<Source, "config">): Readonly<Record<string, FieldMeta>> {
  const shape: Readonly<Record<string, z.core.$ZodType>> = source.config.shape;
  const fields = Object.entries(shape).map(([key, field]) => [key, fieldMeta(field)] as const);
  return Object.fromEntries(fields.flatMap(([key, meta]) => (meta ? [[key, meta]] : [])));
}

function problemsOf(issue: z.core.$ZodIssue, source: Pick<Source, "config">): Problem[] {
  const path = issue.path.map(String);
  // Unknown keys inside of a setting are described by the setting's own message.
  if (issue.code !== "unrecognized_keys" || path.length > 0)
    return [{ path, message: issue.message }];
  return issue.keys.map((key) => unknownKeyProblem(path, key, Object.keys(source.config.shape)));
}

function unknownKeyProblem(path: readonly string[], key: string, keys: readonly string[]): Problem {
  return { path: [...path, key], message: `unknown key; ${suggestion(key, keys)}` };
}
