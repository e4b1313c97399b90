import type { Checkpoints, StreamBatch, Sweep } from "../../../core/source.ts";
import type { Value } from "../../../core/schema.ts";
import { allProjects, type WandbConfig } from "../connection/config.ts";

/** A project, and where its rows and checkpoints are. */
export interface ProjectScope {
  readonly project: string;
  /** Whether it is one of several, so that rows and keys have to name it. */
  readonly multiProject: boolean;
}

/** The partition of a run, or of the project itself. Names of projects have no slash. */
export function partitionOf({ project, multiProject }: ProjectScope, run = ""): string {
  return multiProject ? `${project}/${run}` : run;
}

/** The run that a partition of this project is about; undefined for any other partition. */
export function runIdOf(scope: ProjectScope, partition: string): string | undefined {
  const prefix = partitionOf(scope);
  const run = partition.startsWith(prefix) ? partition.slice(prefix.length) : "";
  return run === "" ? undefined : run;
}

/** The columns that tell the project's rows from those of others. */
export function projectColumns({
  project,
  multiProject,
}: ProjectScope): Readonly<Record<string, Value>> {
  return multiProject ? { project } : {};
}

/** Marks rows of the project as deleted that belong to none of these runs. */
export function runSweep(scope: ProjectScope, runs: ReadonlySet<string>): Sweep {
  const keys = [...runs].map((run) => [run]);
  return { ...(scope.multiProject ? { where: projectColumns(scope) } : {}), by: ["run_id"], keys };
}

/** What is to be forgotten of projects that the entity no longer has; only where all of them are copied. */
export function* sweepDeletedProjects(
  projects: readonly string[],
  { config, checkpoints }: { readonly config: WandbConfig; readonly checkpoints: Checkpoints },
): Generator<StreamBatch> {
  if (!config.projects.includes(allProjects) || projects.length === 0) return;
  const left = new Set(projects);
  const gone = [...checkpoints.keys()].filter((key) => !left.has(key.replace(/\/.*$/, "")));
  const vanished = gone.filter((key) => key !== "");
  if (vanished.length === 0) return;
  yield { rows: [], bytes: 0, sweep: { by: ["project"], keys: projects.map((name) => [name]) } };
  for (const partition of vanished) yield { rows: [], bytes: 0, partition, checkpoint: null };
}
