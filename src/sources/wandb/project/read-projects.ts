import type { ReadOptions, StreamBatch } from "../../../core/source.ts";
import { readParts } from "../../../engine/read-parts.ts";
import { allProjects, type WandbConfig } from "../connection/config.ts";
import { deleteGoneProjects } from "./gone-projects.ts";
import type { ProjectScope } from "./project-scope.ts";
import type { WandbSession } from "./session.ts";

/** What a stream needs to read its projects. */
export interface ProjectsContext {
  readonly session: WandbSession;
  readonly config: WandbConfig;
  readonly options: ReadOptions;
}

/**
 * Reads the configured projects at the same time, and marks those as deleted that are gone, which
 * may fail like a project.
 */
export async function* readProjects(
  context: ProjectsContext,
  read: (scope: ProjectScope) => AsyncIterable<StreamBatch>,
): AsyncGenerator<StreamBatch, void> {
  const { session, config, options } = context;
  const multiProject = config.projects.length > 0;
  const projects = await session.projects();
  const parts = projects.map((project) => ({
    label: `project "${project}"`,
    read: () => read({ project, multiProject }),
  }));
  const deletions = {
    label: `entity "${config.entity}"`,
    read: () => deleteGoneProjects(projects, context),
  };
  const listsAll = config.projects.includes(allProjects);
  yield* readParts(listsAll ? [...parts, deletions] : parts, options);
}
