import type { Value } from "../../../core/schema.ts";
import type { Checkpoints, StreamBatch, Sweep } from "../../../core/source.ts";
import { allProjects, type WandbConfig } from "../connection/config.ts";

/** A project, and whether its rows and checkpoints must name it. */
export interface ProjectScope {
  readonly project: string;
  /** Whether several projects are copied, so that rows and partition keys include the project. */
  readonly multiProject: boolean;
}

/** The partition of a run, or of the project itself. Project names contain no slash. */
export function partitionOf({ project, multiProject }: ProjectScope, run = ""): string {
  return multiProject ? `${project}/${run}` : run;
}

/**
 * The id of the run that a partition of this project belongs to; undefined for any other partition.
 */
export function runIdOf(scope: ProjectScope, partition: string): string | undefined {
  const prefix = partitionOf(scope);
  const run = partition.startsWith(prefix) ? partition.slice(prefix.length) : "";
  return run === "" ? undefined : run;
}

/** The columns that tell the project's rows apart from those of others. */
export function projectColumns({
  project,
  multiProject,
}: ProjectScope): Readonly<Record<string, Value>> {
  return multiProject ? { project } : {};
}

/** A sweep that marks the project's rows as deleted unless they belong to one of these runs. */
export function runSweep(scope: ProjectScope, runs: ReadonlySet<string>): Sweep {
  const keys = [...runs].map((run) => [run]);
  return { ...(scope.multiProject ? { where: projectColumns(scope) } : {}), by: ["run_id"], keys };
}

/**
 * Marks the rows of projects as deleted that the entity no longer has, and drops their checkpoints.
 * Does nothing unless all projects are copied: only then is the list of projects complete.
 */
export function* sweepDeletedProjects(
  projects: readonly string[],
  { config, checkpoints }: { readonly config: WandbConfig; readonly checkpoints: Checkpoints },
): Generator<StreamBatch> {
  if (!config.projects.includes(allProjects) || projects.length === 0) return;
  const existing = new Set(projects);
  const unlisted = [...checkpoints.keys()].filter((key) => !existing.has(key.replace(/\/.*$/, "")));
  const deleted = unlisted.filter((key) => key !== "");
  if (deleted.length === 0) return;
  yield { rows: [], bytes: 0, sweep: { by: ["project"], keys: projects.map((name) => [name]) } };
  for (const partition of deleted) yield { rows: [], bytes: 0, partition, checkpoint: null };
}
