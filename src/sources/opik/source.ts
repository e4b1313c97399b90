import type { Source } from "../../core/source.ts";
import { allowMassDeletion } from "../../engine/allow-mass-deletion.ts";
import { firstPresent } from "../../json/row-mapper.ts";
import { members, plain } from "../../json/text-scanner.ts";
import { opikConfig, type OpikConfig } from "./config.ts";
import { itemStream } from "./items.ts";
import { objectStream } from "./object-stream.ts";
import { datasetColumns, projectColumns } from "./tables.ts";
import { Workspace } from "./workspace.ts";
import { opikReport } from "./report.ts";

const audit = ["created_at", "last_updated_at"] as const;

/** Comet Opik: the projects, datasets and dataset items of a workspace. */
export const opik: Source<OpikConfig> = {
  name: "opik",
  title: "Comet Opik",
  config: opikConfig,
  identity: ({ base_url, COMET_OPIK_WORKSPACE = "default" }) =>
    `${base_url} ${COMET_OPIK_WORKSPACE}`,
  report: opikReport,
  streams(config, context) {
    const workspace = new Workspace(config, context);
    const streams = [projectStream(workspace), datasetStream(workspace), itemStream(workspace)];
    return allowMassDeletion(streams, config);
  },
  check: (config, context) => new Workspace(config, context).check(),
};

/** @see https://www.comet.com/docs/opik/reference/rest-api/projects/find-projects */
function projectStream(workspace: Workspace) {
  return objectStream(workspace, {
    name: "opik_project",
    description: "The projects of the workspace",
    list: "projects",
    primaryKey: ["project_id"],
    columns: projectColumns,
    fields: { project_id: "id" },
    required: ["name", ...audit],
  });
}

/** @see https://www.comet.com/docs/opik/reference/rest-api/datasets/find-datasets */
function datasetStream(workspace: Workspace) {
  return objectStream(workspace, {
    name: "opik_dataset",
    description: "The datasets of the workspace, with their latest version",
    list: "datasets",
    primaryKey: ["dataset_id"],
    columns: datasetColumns,
    fields: { dataset_id: "id" },
    required: ["name", ...audit],
    derive(dataset) {
      const version = members(firstPresent(dataset, ["latest_version"]) ?? "");
      return {
        version_hash: plain(version?.get("version_hash")),
        version_name: plain(version?.get("version_name")),
      };
    },
  });
}
