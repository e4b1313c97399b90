import { z } from "zod";
import {
  choice,
  described,
  tryParseJson,
  jsonObject,
  secretText,
  serviceUrl,
  text,
  textList,
  wholeNumber,
} from "../../../core/config-field.ts";
import { clientFields } from "../../../http/client-fields.ts";

/** W&B's own cloud. */
export const cloudUrl = "https://api.wandb.ai";

/** Stands for all projects of the entity. */
export const allProjects = "*";

const patternFields = {
  include: textList({ description: "" }).default(["*"]),
  exclude: textList({ description: "" }).default([]),
};

export const wandbConfig = z
  .object({
    api_key: secretText({
      description:
        "Your W&B API key. Without it, the one that `wandb login` left in `~/.netrc` for the host.",
      env: ["WANDB_API_KEY"],
    }).optional(),
    entity: text({
      description: "The user or team whose projects are copied.",
      env: ["WANDB_ENTITY"],
    }),
    project: text({
      description: "The project to copy.",
      env: ["WANDB_PROJECT"],
    }).optional(),
    projects: textList({
      description:
        "Several projects instead of one, or `*` for all; the tables then have a column `project`, which is part of the key.",
    }).default([]),
    base_url: serviceUrl({
      description: "Where the API is. Dedicated or self-managed: `https://wandb.example.com`.",
      env: ["WANDB_BASE_URL"],
    }).default(cloudUrl),
    api: choice(["auto", "graphql", "rest"], {
      description:
        "How to ask: `graphql`, or `rest` for gateways that offer the runs as REST; `auto` takes REST where there is no GraphQL.",
    }).default("auto"),
    page_size: wholeNumber(
      { min: 1, max: 1000 },
      {
        description:
          "Runs to ask for at once, at most; fewer are asked for by itself where the server needs it.",
      },
    ).default(100),
    filters: jsonObject({
      description:
        'Only these runs, as the service\'s own filters: `{"createdAt": {"$gte": "2026-01-01T00:00:00Z"}}`. Others count as deleted.',
    }).default({}),
    metrics: described(
      z.preprocess(toMetricPatterns, z.strictObject(patternFields, { error: patternsError })),
      {
        description:
          'Which metrics to copy, by name, `*` for any text: `{"include": ["loss*"], "exclude": []}` or `loss*,acc`. Names that begin with `_` only by a pattern that does too.',
      },
    ).default({ include: ["*"], exclude: [] }),
    ...clientFields,
    lookback_minutes: wholeNumber(
      { min: 0, max: 100_000 },
      { description: "How far behind the last sign of life runs are looked at again." },
    ).default(10),
    rescan_days: wholeNumber(
      { min: 0, max: 3650 },
      {
        description:
          "How often all runs are read again, because an edit of a finished run is no sign of life; 0 for never.",
      },
    ).default(7),
  })
  .refine(({ project, projects }) => project !== undefined || projects.length > 0, {
    path: ["project"],
    message: "missing; expected the name of a project, or set projects",
  })
  .superRefine((config, context) => {
    for (const { path, name } of configuredNames(config)) {
      if (!name.includes("/")) continue;
      const message = `expected a name, got "${name}"; of entity/project, each has its own key`;
      context.addIssue({ code: "custom", path: [path], message });
    }
  });

export type WandbConfig = z.output<typeof wandbConfig>;

interface ConfiguredNames {
  readonly entity: string;
  readonly project?: string | undefined;
  readonly projects: readonly string[];
}

function configuredNames({ entity, project = "", projects }: ConfiguredNames) {
  return [
    { path: "entity", name: entity },
    { path: "project", name: project },
    ...projects.map((name) => ({ path: "projects", name })),
  ];
}

/** Text is JSON, or a list of what to include. */
function toMetricPatterns(input: unknown): unknown {
  const value = tryParseJson(input);
  return typeof value === "string" || Array.isArray(value) ? { include: value } : value;
}

function patternsError(): string {
  return `expected patterns like {"include": ["loss*"], "exclude": []}`;
}
