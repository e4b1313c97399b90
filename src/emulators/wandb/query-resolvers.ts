import type { WandbBackend } from "./backend.ts";
import { readProjectsPage, readRunsPage } from "./pages.ts";
import type { Page, PageArguments, RunsArguments } from "./pages.ts";
import { globalId } from "./project.ts";
import type { WandbProject } from "./project.ts";
import { countRuns } from "./run-list.ts";
import { entityResolvers, runResolvers, userResolvers } from "./run-resolvers.ts";
import type { WandbRun } from "./run.ts";

/** The resolvers of the type Query. Without a valid key all fields are null. */
export function queryResolvers(backend: WandbBackend, isAuthenticated: boolean): object {
  if (!isAuthenticated) return { viewer: null, models: null, project: null };
  const { workspace } = backend;
  const isOwnEntity = (entityName: string | null | undefined): boolean =>
    (entityName ?? workspace.entity) === workspace.entity;
  return {
    viewer: () => userResolvers(workspace.user, backend),
    serverInfo: { features: [] },
    models: ({ entityName, ...page }: PageArguments & { entityName?: string | null }) => {
      if (!isOwnEntity(entityName)) return null;
      const projects = readProjectsPage(workspace.projects, page, backend);
      return {
        ...withNodes(projects, (project) => projectResolvers(project, backend)),
        totalCount: workspace.projects.length,
      };
    },
    project: ({ name, entityName }: { name?: string | null; entityName?: string | null }) => {
      const project = isOwnEntity(entityName) ? workspace.project(name ?? "") : undefined;
      return project ? projectResolvers(project, backend) : null;
    },
  };
}

function projectResolvers(project: WandbProject, backend: WandbBackend): object {
  const { entity, user } = backend.workspace;
  return {
    ...project.fields,
    id: project.id,
    internalId: globalId(`ProjectInternalId:${project.number}`),
    entityName: entity,
    entity: () => entityResolvers(entity),
    isBenchmark: false,
    readOnly: false,
    access: "PRIVATE",
    user: () => userResolvers(user, backend),
    totalRuns: () => countRuns(project, null, backend),
    runCount: ({ filters }: { filters?: string | null }) => countRuns(project, filters, backend),
    run: ({ name }: { name: string }) => {
      const run = project.run(name);
      return run && !run.hidden ? runNodeResolvers(run, project, backend) : null;
    },
    runs: (args: RunsArguments) => {
      const runs = readRunsPage(project, args, backend);
      return {
        ...withNodes(runs, (run) => runNodeResolvers(run, project, backend)),
        totalCount: () => countRuns(project, args.filters, backend),
      };
    },
  };
}

function runNodeResolvers(run: WandbRun, project: WandbProject, backend: WandbBackend): object {
  return {
    ...runResolvers(run, backend),
    projectId: project.number,
    project: () => projectResolvers(project, backend),
  };
}

function withNodes<T>({ edges, pageInfo }: Page<T>, resolvers: (node: T) => object) {
  return { edges: edges.map(({ node, cursor }) => ({ node: resolvers(node), cursor })), pageInfo };
}
