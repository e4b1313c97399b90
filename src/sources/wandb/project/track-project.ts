import { z } from "zod";
import { shortDigest } from "../../../core/short-digest.ts";
import type { Checkpoint } from "../../../core/source.ts";
import { SavedList } from "../../../engine/listing/saved-list.ts";
import { TrackedList } from "../../../engine/listing/tracked-list.ts";
import type { ListedRun } from "../reader/listed-run.ts";
import type { ProjectReader } from "../reader/project-reader.ts";
import { partitionOf, projectColumns, type ProjectScope } from "./project-scope.ts";
import type { ProjectsContext } from "./read-projects.ts";

/** What one stream knows of a project in this sync. */
export interface TrackedProject {
  readonly reader: ProjectReader;
  readonly saved: SavedList;
  readonly runs: TrackedList<ListedRun>;
  /** What the rows depend on, as a digest. */
  readonly rowScope: string;
}

/**
 * Opens a project, and lists its runs beside what one stream has read of them.
 *
 * @param dependsOn - What the rows depend on; if it changes, everything is read again.
 */
export async function trackProject(
  scope: ProjectScope,
  dependsOn: readonly unknown[],
  { session, config, options }: ProjectsContext,
): Promise<TrackedProject> {
  const rowScope = shortDigest(JSON.stringify(dependsOn));
  const partition = partitionOf(scope);
  const list = {
    partition,
    where: projectColumns(scope),
    label: `project "${scope.project}"`,
    noun: "runs",
    scope: rowScope,
    listEveryMinutes: config.list_every_minutes,
    believedBefore: countBefore(options.checkpoints.get(partition)),
    options,
  };
  const saved = new SavedList(list);
  const { reader, listing } = await session.open(scope.project, saved);
  return { reader, saved, runs: new TrackedList(list, saved, listing), rowScope };
}

/** How earlier versions saved how many runs there were. */
const landmarkShape = z.object({
  landmark: z.object({ below: z.int(), newest: z.array(z.unknown()) }),
});

function countBefore(checkpoint: Checkpoint | undefined): number {
  const { landmark } = landmarkShape.safeParse(checkpoint).data ?? {};
  return landmark ? landmark.below + landmark.newest.length : 0;
}
