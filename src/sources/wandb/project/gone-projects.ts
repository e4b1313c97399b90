import type { ReadOptions, StreamBatch } from "../../../core/source.ts";
import { refusalOf } from "../../../engine/mass-deletion.ts";
import type { WandbSession } from "./session.ts";

/**
 * Marks the rows of projects as deleted that the entity no longer has, and drops their checkpoints.
 * A project is gone if the service does not know it by its name.
 *
 * Throws a MassDeletionError if far fewer projects are listed than were read before.
 */
export async function* deleteGoneProjects(
  listed: readonly string[],
  { session, options }: { readonly session: WandbSession; readonly options: ReadOptions },
): AsyncGenerator<StreamBatch> {
  const { checkpoints } = options;
  const known = new Set([...checkpoints.keys()].map(projectOf).filter((name) => name !== ""));
  const missing = [...known].filter((name) => !listed.includes(name));
  const counts = { believed: known.size, shown: known.size - missing.length };
  const judged = { where: "the list of projects", noun: "projects", ...counts };
  const refusal = refusalOf(judged, options);
  if (refusal) throw refusal;
  for (const project of missing) {
    if (await session.projectExists(project)) continue;
    // The name stays known until the rows are marked. If the project comes back, all is read again.
    const own = `${project}/`;
    yield { rows: [], bytes: 0, partition: own, checkpoint: { isGone: true } };
    for (const partition of checkpoints.keys()) {
      if (projectOf(partition) === project && partition !== own)
        yield { rows: [], bytes: 0, partition, checkpoint: null };
    }
    yield { rows: [], bytes: 0, sweep: { where: { project }, by: ["run_id"], keys: [] } };
    yield { rows: [], bytes: 0, partition: own, checkpoint: null };
  }
}

/** The project that a partition belongs to. Names of projects contain no slash. */
function projectOf(partition: string): string {
  return partition.split("/", 1).join();
}
