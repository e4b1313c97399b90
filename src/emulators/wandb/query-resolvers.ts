import type { WandbBackend } from "./backend.ts";
import { readProjectsPage, readRunsPage } from "./pages.ts";
import type { Page, PageArguments, RunsArguments } from "./pages.ts";
import { globalId } from "./project.ts";
import type { WandbProject } from "./project.ts";
import { parseRunFilter } from "./run-filter.ts";
import type { WandbRun } from "./run.ts";
import { entityResolvers, runResolvers, userResolvers } from "./run-resolvers.ts";

/** The fields of the type Query; to whoever has no key, all of them are null. */
export function queryResolvers(call: WandbBackend, knownKey: boolean): object {
  if (!knownKey) return { viewer: null, models: null, project: null };
  const { workspace } = call;
  const isHere = (entityName: string | null | undefined): boolean =>
    (entityName ?? workspace.entity) === workspace.entity;
  return {
    viewer: () => userResolvers(workspace.user, call),
    models: ({ entityName, ...page }: PageArguments & { entityName?: string | null }) => {
      if (!isHere(entityName)) return null;
      const projects = readProjectsPage(page, call);
      return {
        ...withNodes(projects, (project) => projectResolvers(project, call)),
        totalCount: workspace.projects.length,
      };
    },
    project: ({ name, entityName }: { name?: string | null; entityName?: string | null }) => {
      const project = isHere(entityName) ? workspace.project(name ?? "") : undefined;
      return project ? projectResolvers(project, call) : null;
    },
  };
}

function projectResolvers(project: WandbProject, call: WandbBackend): object {
  const { entity, user } = call.workspace;
  return {
    ...project.fields,
    id: project.id,
    internalId: globalId(`ProjectInternalId:${project.number}`),
    entityName: entity,
    entity: () => entityResolvers(entity),
    isBenchmark: false,
    readOnly: false,
    access: "PRIVATE",
    user: () => userResolvers(user, call),
    totalRuns: () => countRuns(project),
    runCount: ({ filters }: { filters?: string | null }) => countRuns(project, filters),
    run: ({ name }: { name: string }) => {
      const run = project.run(name);
      return run && !run.hidden ? runNodeResolvers(run, project, call) : null;
    },
    runs: (args: RunsArguments) => {
      const runs = readRunsPage(project, args, call);
      return {
        ...withNodes(runs, (run) => runNodeResolvers(run, project, call)),
        totalCount: () => countRuns(project, args.filters),
      };
    },
  };
}

function runNodeResolvers(run: WandbRun, project: WandbProject, call: WandbBackend): object {
  return {
    ...runResolvers(run, call),
    projectId: project.number,
    project: () => projectResolvers(project, call),
  };
}

function withNodes<T>({ edges, pageInfo }: Page<T>, view: (node: T) => object) {
  return { edges: edges.map(({ node, cursor }) => ({ node: view(node), cursor })), pageInfo };
}

function countRuns(project: WandbProject, filters?: string | null): number {
  if (!filters) return project.runCount;
  const passes = parseRunFilter(filters);
  const runs = project.sortedRuns({ by: "createdAt", descending: false });
  return runs.filter((run) => !run.hidden && passes(run)).length;
}
