import { z } from "zod";
import { shortDigest } from "../../../core/short-digest.ts";
import type { Checkpoint, ReadOptions } from "../../../core/source.ts";
import { SavedList } from "../../../engine/listing/saved-list.ts";
import { TrackedList } from "../../../engine/listing/tracked-list.ts";
import type { ListedRun } from "../reader/listed-run.ts";
import type { ProjectReader } from "../reader/project-reader.ts";
import { partitionOf, projectColumns, type ProjectScope } from "./project-scope.ts";
import type { WandbSession } from "./session.ts";

/** What one stream knows of a project in this sync. */
export interface TrackedProject {
  readonly reader: ProjectReader;
  readonly saved: SavedList;
  readonly runs: TrackedList<ListedRun>;
  /** What the rows depend on, as a digest. */
  readonly rowScope: string;
}

interface TrackOptions {
  readonly session: WandbSession;
  readonly scope: ProjectScope;
  /** What the rows depend on; if it changes, everything is read again. */
  readonly dependsOn: readonly unknown[];
  readonly options: ReadOptions;
}

/** Opens a project, and lists its runs beside what one stream has read of them. */
export async function trackProject({
  session,
  scope,
  dependsOn,
  options,
}: TrackOptions): Promise<TrackedProject> {
  const rowScope = shortDigest(JSON.stringify(dependsOn));
  const partition = partitionOf(scope);
  const list = {
    partition,
    where: projectColumns(scope),
    label: `project "${scope.project}"`,
    noun: "runs",
    scope: rowScope,
    believedBefore: countBefore(options.checkpoints.get(partition)),
    options,
  };
  const saved = new SavedList(list);
  const { reader, listing } = await session.open(scope.project, saved.hidden);
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
