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

/** The column values that all rows of a run share. */
export function runColumnsOf(scope: ProjectScope, run: string): Readonly<Record<string, string>> {
  return { ...projectColumns(scope), run_id: run };
}

/** The columns that tell the project's rows apart from those of others. */
export function projectColumns({
  project,
  multiProject,
}: ProjectScope): Readonly<Record<string, string>> {
  return multiProject ? { project } : {};
}
