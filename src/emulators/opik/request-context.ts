import type { Visibility } from "./auth.ts";
import type { OpikDataset, OpikEntity } from "./dataset.ts";
import type { OpikFaults } from "./faults.ts";
import { plainText, type Members } from "./json.ts";
import { dropwizardError } from "./response.ts";
import type { OpikWorkspace } from "./workspace.ts";

/** An authorized request and the server that received it. */
export interface RequestContext {
  readonly workspace: OpikWorkspace;
  /** The name of the workspace. */
  readonly workspaceName: string;
  readonly faults: OpikFaults;
  readonly visibility: Visibility;
  /** Relative to `/v1/private`. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: string;
}

/** Whether the caller may see a project or dataset. */
export function isVisible({ visibility }: RequestContext, entity: Members): boolean {
  return visibility === "all" || entity["visibility"] === "public";
}

/** The dataset with this id, if the caller may see it. */
export function findDataset(context: RequestContext, id: string): OpikDataset | undefined {
  const dataset = context.workspace.dataset(id);
  return dataset && isVisible(context, dataset.entity) ? dataset : undefined;
}

/** The dataset with this id. Throws a 404 ResponseError if there is none. */
export function requireDataset(context: RequestContext, id: string): OpikDataset {
  const dataset = isMissing(context, id) ? undefined : findDataset(context, id);
  if (!dataset) throw dropwizardError(404, "Dataset not found");
  return dataset;
}

/** The project with this id. Throws a 404 ResponseError if there is none. */
export function requireProject(context: RequestContext, id: string): OpikEntity {
  const project = isMissing(context, id) ? undefined : context.workspace.project(id);
  if (!project || !isVisible(context, project)) throw dropwizardError(404, "Project not found");
  return project;
}

/** A dataset by the names in a request's body. */
export interface DatasetName {
  readonly dataset_name: string;
  readonly project_name?: string | null | undefined;
}

/** The visible dataset with this name in the project, or else in the whole workspace. */
export function findDatasetByName(
  context: RequestContext,
  { dataset_name, project_name }: DatasetName,
): OpikDataset | undefined {
  const { projects, datasets } = context.workspace;
  const found = datasets.filter(
    ({ entity }) => plainText(entity.name) === dataset_name && isVisible(context, entity),
  );
  const project = projects.find(({ name }) => plainText(name) === project_name);
  return found.find(({ entity }) => project && entity["project_id"] === project.id) ?? found[0];
}

function isMissing({ faults }: RequestContext, id: string): boolean {
  return faults.missingObjects?.includes(id) ?? false;
}
