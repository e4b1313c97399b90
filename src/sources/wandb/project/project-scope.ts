import type { Batch, Checkpoints, Sweep } from "../../../core/source.ts";
import type { Value } from "../../../core/schema.ts";
import { everyProject, type WandbConfig } from "../connection/config.ts";

type Part = Omit<Batch, "stream">;

/** A project, and where its rows and checkpoints are. */
export interface ProjectScope {
  readonly project: string;
  /** Whether it is one of several, so that rows and keys have to name it. */
  readonly several: boolean;
}

/** The partition of a run, or of the project itself. Names of projects have no slash. */
export function partitionOf({ project, several }: ProjectScope, run = ""): string {
  return several ? `${project}/${run}` : run;
}

/** The run that a partition of this project is about; undefined for any other partition. */
export function runOf(scope: ProjectScope, partition: string): string | undefined {
  const prefix = partitionOf(scope);
  const run = partition.startsWith(prefix) ? partition.slice(prefix.length) : "";
  return run === "" ? undefined : run;
}

/** The columns that tell the project's rows from those of others. */
export function ownColumns({ project, several }: ProjectScope): Readonly<Record<string, Value>> {
  return several ? { project } : {};
}

/** Marks rows of the project as deleted that belong to none of these runs. */
export function sweepOf(scope: ProjectScope, runs: ReadonlySet<string>): Sweep {
  const keys = [...runs].map((run) => [run]);
  return { ...(scope.several ? { where: ownColumns(scope) } : {}), by: ["run_id"], keys };
}

/** What is to be forgotten of projects that the entity no longer has; only where all of them are copied. */
export function* goneProjects(
  projects: readonly string[],
  { config, checkpoints }: { readonly config: WandbConfig; readonly checkpoints: Checkpoints },
): Generator<Part> {
  if (!config.projects.includes(everyProject) || projects.length === 0) return;
  const left = new Set(projects);
  const gone = [...checkpoints.keys()].filter((key) => !left.has(key.replace(/\/.*$/, "")));
  const vanished = gone.filter((key) => key !== "");
  if (vanished.length === 0) return;
  yield { rows: [], bytes: 0, sweep: { by: ["project"], keys: projects.map((name) => [name]) } };
  for (const partition of vanished) yield { rows: [], bytes: 0, partition, checkpoint: null };
}
