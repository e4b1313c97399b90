import type { Source } from "../../core/source.ts";
import type { Client } from "../../http/client.ts";
import { restStream } from "../../http/paging/rest-stream.ts";
import { firstPresent } from "../../json/row-mapper.ts";
import { members, plain } from "../../json/text-scanner.ts";
import { apiPath, opikClient } from "./client.ts";
import { opikConfig, type OpikConfig } from "./config.ts";
import { rowKeys } from "./datasets.ts";
import { itemStream } from "./items.ts";
import { datasetColumns, projectColumns } from "./tables.ts";

const audit = ["created_at", "last_updated_at"] as const;

/** Comet Opik: the projects, datasets and dataset items of a workspace. */
export const opik: Source<OpikConfig> = {
  name: "opik",
  title: "Comet Opik",
  config: opikConfig,
  identity: ({ base_url, COMET_OPIK_WORKSPACE = "default" }) =>
    `${base_url} ${COMET_OPIK_WORKSPACE}`,
  streams(config, context) {
    const client = opikClient(config, context);
    const size = config.page_size;
    return [projectStream(client, size), datasetStream(client, size), itemStream(client, config)];
  },
  async check(config, context) {
    await opikClient(config, context).getJson(`${apiPath}/projects`, { query: { size: 1 } });
  },
};

/** @see https://www.comet.com/docs/opik/reference/rest-api/projects/find-projects */
function projectStream(client: Client, size: number) {
  return restStream(client, {
    name: "opik_project",
    description: "The projects of the workspace",
    path: `${apiPath}/projects`,
    rowKeys,
    size,
    primaryKey: ["project_id"],
    columns: projectColumns,
    fields: { project_id: "id" },
    required: ["name", ...audit],
  });
}

/** @see https://www.comet.com/docs/opik/reference/rest-api/datasets/find-datasets */
function datasetStream(client: Client, size: number) {
  return restStream(client, {
    name: "opik_dataset",
    description: "The datasets of the workspace, with their latest version",
    path: `${apiPath}/datasets`,
    rowKeys,
    size,
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
