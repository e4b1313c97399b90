import type { Source } from "../../core/source.ts";
import { allowMassDeletion } from "../../engine/allow-mass-deletion.ts";
import { deploymentOf } from "./connection/cloud.ts";
import { wandbConfig, type WandbConfig } from "./connection/config.ts";
import { normalizeProjects } from "./connection/project-names.ts";
import { readSavedSettings } from "./connection/saved-settings.ts";
import { metricStream } from "./metrics/metrics.ts";
import { WandbSession } from "./project/session.ts";
import { runStream } from "./runs/runs.ts";
import { wandbReport } from "./report.ts";

/** Weights & Biases: the runs of one project or several, and each run's full history. */
export const wandb: Source<WandbConfig> = {
  name: "wandb",
  title: "Weights & Biases",
  config: wandbConfig,
  normalize: normalizeProjects,
  savedSettings: readSavedSettings,
  identity: ({ base_url, entity, project, projects }) =>
    `${deploymentOf(base_url)} ${entity}${projects.length > 0 || project === undefined ? "" : `/${project}`}`,
  report: wandbReport,
  streams(config, context) {
    const session = new WandbSession(config, context);
    return allowMassDeletion([runStream(session, config), metricStream(session, config)], config);
  },
  async check(config, context) {
    const session = new WandbSession(config, context);
    for (const project of await session.projects()) await session.check(project);
  },
};
