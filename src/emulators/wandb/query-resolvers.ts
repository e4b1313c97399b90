import type { WandbBackend } from "./backend.ts";
import { readProjectsPage, readRunsPage } from "./pages.ts";
import type { Page, PageArguments, RunsArguments } from "./pages.ts";
import { globalId } from "./project.ts";
import type { WandbProject } from "./project.ts";
import { countRuns } from "./run-list.ts";
import { entityResolvers, runResolvers, userResolvers } from "./run-resolvers.ts";
import type { WandbRun } from "./run.ts";

/**
 * The resolvers of the type Query. Without a valid key there is no viewer, and only public projects
 * are there.
 */
export function queryResolvers(backend: WandbBackend, isAuthenticated: boolean): object {
  const { workspace } = backend;
  const projects = workspace.projects.filter(
    ({ fields }) => isAuthenticated || fields.access !== "PRIVATE",
  );
  const isOwnEntity = (entityName: string | null | undefined): boolean =>
    (entityName ?? workspace.entity) === workspace.entity;
  return {
    viewer: () => (isAuthenticated ? userResolvers(workspace.user, backend) : null),
    serverInfo: { features: [] },
    models: ({ entityName, ...page }: PageArguments & { entityName?: string | null }) => {
      if (!isOwnEntity(entityName)) return null;
      if (!isAuthenticated && projects.length === 0) return null;
      return {
        ...withNodes(readProjectsPage(projects, page, backend), (project) =>
          projectResolvers(project, backend),
        ),
        totalCount: projects.length,
      };
    },
    project: ({ name, entityName }: { name?: string | null; entityName?: string | null }) => {
      const named = projects.find((project) => project.name === name);
      const project = isOwnEntity(entityName) ? named : undefined;
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
