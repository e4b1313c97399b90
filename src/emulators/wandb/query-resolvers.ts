import type { Call } from "./backend.ts";
import { pageOfProjects, pageOfRuns } from "./pages.ts";
import type { Page, PageArguments, RunsArguments } from "./pages.ts";
import { globalId } from "./project.ts";
import type { WandbProject } from "./project.ts";
import { runFilter } from "./run-filter.ts";
import type { WandbRun } from "./run.ts";
import { entityView, runView, userView } from "./run-resolvers.ts";

/** The fields of the type Query; to whoever has no key, all of them are null. */
export function queryView(call: Call, knownKey: boolean): object {
  if (!knownKey) return { viewer: null, models: null, project: null };
  const { workspace } = call;
  const isHere = (entityName: string | null | undefined): boolean =>
    (entityName ?? workspace.entity) === workspace.entity;
  return {
    viewer: () => userView(workspace.user, call),
    models: ({ entityName, ...page }: PageArguments & { entityName?: string | null }) => {
      if (!isHere(entityName)) return null;
      const projects = pageOfProjects(page, call);
      return {
        ...withNodes(projects, (project) => projectView(project, call)),
        totalCount: workspace.projects.length,
      };
    },
    project: ({ name, entityName }: { name?: string | null; entityName?: string | null }) => {
      const project = isHere(entityName) ? workspace.project(name ?? "") : undefined;
      return project ? projectView(project, call) : null;
    },
  };
}

function projectView(project: WandbProject, call: Call): object {
  const { entity, user } = call.workspace;
  return {
    ...project.fields,
    id: project.id,
    internalId: globalId(`ProjectInternalId:${project.number}`),
    entityName: entity,
    entity: () => entityView(entity),
    isBenchmark: false,
    readOnly: false,
    access: "PRIVATE",
    user: () => userView(user, call),
    totalRuns: () => countRuns(project),
    runCount: ({ filters }: { filters?: string | null }) => countRuns(project, filters),
    run: ({ name }: { name: string }) => {
      const run = project.run(name);
      return run && !run.hidden ? runNode(run, project, call) : null;
    },
    runs: (args: RunsArguments) => {
      const runs = pageOfRuns(project, args, call);
      return {
        ...withNodes(runs, (run) => runNode(run, project, call)),
        totalCount: () => countRuns(project, args.filters),
      };
    },
  };
}

function runNode(run: WandbRun, project: WandbProject, call: Call): object {
  return {
    ...runView(run, call),
    projectId: project.number,
    project: () => projectView(project, call),
  };
}

function withNodes<T>({ edges, pageInfo }: Page<T>, view: (node: T) => object) {
  return { edges: edges.map(({ node, cursor }) => ({ node: view(node), cursor })), pageInfo };
}

function countRuns(project: WandbProject, filters?: string | null): number {
  if (!filters) return project.runCount;
  const passes = runFilter(filters);
  const runs = project.inOrder({ by: "createdAt", descending: false });
  return runs.filter((run) => !run.hidden && passes(run)).length;
}
