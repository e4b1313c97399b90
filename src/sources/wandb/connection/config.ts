import { z } from "zod";
import {
  choice,
  described,
  jsonObject,
  quoteInput,
  secretText,
  serviceUrl,
  text,
  textList,
  tryParseJson,
  wholeNumber,
  type FieldMeta,
} from "../../../core/config-field.ts";
import { massDeletionFields } from "../../../core/mass-deletion-fields.ts";
import { clientFields } from "../../../http/client-fields.ts";
import { cloudUrl, isMistakenForCloud, toApiUrl } from "./cloud.ts";

/** In `projects`, stands for all projects of the entity. */
export const allProjects = "*";

const patternFields = {
  include: textList({ description: "" }).default(["*"]),
  exclude: textList({ description: "" }).default([]),
};

/** The configuration of the source `wandb`. */
export const wandbConfig = z
  .object({
    api_key: secretText({
      description:
        "Your W&B API key. Default, except in `serve`: the key that `wandb login` saved for the host.",
      env: ["WANDB_API_KEY"],
    }).optional(),
    entity: text({
      description: "The user or team that owns the projects.",
      env: ["WANDB_ENTITY"],
    }),
    project: text({
      description: "The project to copy. A list, or `*`, is the same as in `projects`.",
      env: ["WANDB_PROJECT"],
      unless: "projects",
    }).optional(),
    projects: textList({
      description:
        "Several projects instead of one, or `*` for all. The tables then have a column `project`, which is part of the key.",
    }).default([]),
    base_url: apiUrl({
      description: "The URL of the API. Dedicated or self-managed: `https://wandb.example.com`.",
      env: ["WANDB_BASE_URL"],
    }).default(cloudUrl),
    api: choice(["auto", "graphql", "rest"], {
      description:
        "The API to use: `graphql`, or `rest` for gateways that offer the runs as REST. `auto` uses REST only if there is no GraphQL.",
    }).default("auto"),
    page_size: wholeNumber(
      { min: 1, max: 1000 },
      {
        description: "Maximum runs per request; reduced automatically if needed.",
      },
    ).default(100),
    listing_page_size: wholeNumber(
      { min: 1, max: 10_000 },
      {
        description:
          "Maximum runs per request of the list that shows what has changed, which has only small fields.",
      },
    ).default(1000),
    filters: jsonObject({
      description:
        'Copy only the runs that match this W&B filter: `{"createdAt": {"$gte": "2026-01-01T00:00:00Z"}}`. All other runs count as deleted.',
    }).default({}),
    metrics: described(
      z.preprocess(toMetricPatterns, z.strictObject(patternFields, { error: patternsError })),
      {
        description:
          'The metrics to copy, by name; `*` matches any text: `{"include": ["loss*"], "exclude": []}` or `loss*,acc`. Names that begin with `_` need a pattern that begins with `_`.',
      },
    ).default({ include: ["*"], exclude: [] }),
    ...clientFields,
    lookback_minutes: wholeNumber(
      { min: 0, max: 100_000 },
      { description: "Without effect.", obsolete: true },
    ).optional(),
    list_every_minutes: wholeNumber(
      { min: 0, max: 100_000 },
      {
        description:
          "For projects with very many runs: minutes between lists of all runs. In between, only new and active runs are listed; 0 to list all in each sync.",
      },
    ).default(0),
    rescan_days: wholeNumber(
      { min: 0, max: 3650 },
      {
        description:
          "Days between rescans of all runs, for servers that do not show when a configuration or summary was edited; 0 for never.",
      },
    ).default(7),
    ...massDeletionFields,
  })
  .refine(({ project, projects }) => project !== undefined || projects.length > 0, {
    path: ["project"],
    message: "missing; expected the name of a project, or set projects",
  })
  .refine(({ project, projects }) => project === undefined || projects.length === 0, {
    path: ["project"],
    message: "not beside projects; remove one of the two",
  })
  .superRefine((config, context) => {
    for (const { path, name } of configuredNames(config)) {
      if (!name.includes("/")) continue;
      context.addIssue({ code: "custom", path: [path], message: pathError(path, name) });
    }
  });

/** A valid configuration, with its defaults. */
export type WandbConfig = z.output<typeof wandbConfig>;

interface ConfiguredNames {
  readonly entity: string;
  readonly project?: string | undefined;
  readonly projects: readonly string[];
}

function pathError(path: string, name: string): string {
  const [entity = "", project = ""] = name.split("/");
  const key = path === "projects" ? path : "project";
  return `expected a name, got "${name}"; set "entity": "${entity}" and "${key}": "${project}" separately`;
}

function configuredNames({ entity, project = "", projects }: ConfiguredNames) {
  return [
    { path: "entity", name: entity },
    { path: "project", name: project },
    ...projects.map((name) => ({ path: "projects", name })),
  ];
}

function apiUrl(meta: FieldMeta) {
  const error = ({ input }: { readonly input?: unknown }): string =>
    `expected the URL of the API, got ${quoteInput(input)}; did you mean ${cloudUrl}?`;
  const url = serviceUrl(meta)
    .overwrite(toApiUrl)
    .refine((text) => !isMistakenForCloud(text), { error });
  return described(url, meta);
}

/** Text is JSON, or a comma-separated list of patterns to include. */
function toMetricPatterns(input: unknown): unknown {
  const value = tryParseJson(input);
  return typeof value === "string" || Array.isArray(value) ? { include: value } : value;
}

function patternsError(): string {
  return `expected patterns like {"include": ["loss*"], "exclude": []}`;
}
