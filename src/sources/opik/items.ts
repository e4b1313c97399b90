import { isDue } from "../../core/is-due.ts";
import { shortDigest } from "../../core/short-digest.ts";
import type {
  Checkpoint,
  QuarantinedEntry,
  ReadOptions,
  Stream,
  StreamBatch,
} from "../../core/source.ts";
import { PageMapper } from "../../http/paging/page-mapper.ts";
import { mayBeRedacted, RedactionGuard } from "./access.ts";
import { parseEntry } from "./dataset-entry.ts";
import { itemDeclaration } from "./item-row.ts";
import { isItemKey } from "./item-walk.ts";
import { readDatasets } from "./read-datasets.ts";
import { compareRowCounts, reclaimItems } from "./row-counts.ts";
import type { Workspace } from "./workspace.ts";

/**
 * The items of all datasets. A dataset that is being read is a partition; once it is read, its
 * entry in the ledger says which state of it is in the table.
 */
export function itemStream(workspace: Workspace): Stream {
  const declaration = itemDeclaration(workspace.config);
  const { name, columns, primaryKey } = declaration;
  return {
    name,
    columns,
    primaryKey,
    description: "The items of the latest version of each dataset",
    units: { rows: "items", partitions: "datasets" },
    async *read(options) {
      const mapper = new PageMapper(declaration, options.log);
      yield* readItems(workspace, mapper, options);
      mapper.end();
    },
  };
}

async function* readItems(
  workspace: Workspace,
  mapper: PageMapper,
  options: ReadOptions,
): AsyncGenerator<StreamBatch> {
  const { client, config, access } = workspace;
  const { checkpoints, fullRefresh, startedAt } = options;
  const { originals = false, redacted = false, swept = null } = checkpoints.get("") ?? {};
  const guard = new RedactionGuard(originals === true);
  const { seesOriginals } = await access.proveOnce();
  guard.check({ seesOriginals });
  if (guard.isNeeded && originals !== true) yield rememberOriginals(checkpoints.get(""));
  const isRedacted = seesOriginals === false;
  if (isRedacted && redacted !== true) options.log.warning(mayBeRedacted);
  const scope = shortDigest(JSON.stringify([...rowOptions(workspace), guard.isNeeded]));
  const { tracked, toSave, isRefused } = await workspace.track("datasets", { scope, options });
  const { ledger } = tracked;
  const seen = new Map([...ledger.ids()].map((id) => [id, parseEntry(ledger.get(id))?.seen]));
  if (fullRefresh) yield* tracked.startOver();
  const lastSweep = typeof swept === "string" ? swept : undefined;
  const isSweepDue = fullRefresh || isDue(lastSweep, config.rescan_days, startedAt);
  yield* tracked.deleteGone({
    find: (missing) => workspace.findGoneDatasets(missing.map(({ id }) => id)),
    async *mark(gone) {
      yield* gone.map(sweepDataset);
      yield* reclaimItems(tracked, options);
    },
  });
  // The table may have rows that the state does not know, because it is older than they are.
  const hasSwept = isSweepDue && (yield* tracked.sweepAll("dataset_id"));
  if (!isSweepDue) yield* tracked.sweepUnknown("dataset_id");
  yield* tracked.enterNew();
  const unstored = datasetsOf(options.quarantined ?? []);
  const mayMark = !isRefused;
  const context = { ...options, client, config, access, guard, mapper, mayMark, unstored };
  const hasRead = yield* readDatasets({ workspace, tracked, context, seen });
  if (hasRead && !isRefused) yield* compareRowCounts(tracked, options);
  yield* tracked.end({
    ...toSave,
    swept: hasSwept ? startedAt.toISOString() : swept,
    ...(guard.isNeeded ? { originals: true } : {}),
    ...(isRedacted ? { redacted: true } : {}),
  });
}

/** The datasets of items in quarantine. */
function datasetsOf(quarantined: readonly QuarantinedEntry[]): ReadonlySet<string> {
  const items = quarantined.filter(({ key }) => isItemKey(key));
  const ids = items.map(({ where }) => where["dataset_id"]);
  return new Set(ids.filter((id) => typeof id === "string"));
}

/** Saved before any value is written, so that an interruption does not forget it. */
function rememberOriginals(saved: Checkpoint | undefined): StreamBatch {
  const nothing = { scope: "", believed: 0, unswept: true };
  return { rows: [], bytes: 0, checkpoint: { ...(saved ?? nothing), originals: true } };
}

/** What the rows depend on. */
function rowOptions({ config }: Workspace): readonly unknown[] {
  return [config.inputs_keys, config.outputs_keys, config.metadata_keys, config.dataset_item_key];
}

function sweepDataset(id: string): StreamBatch {
  const sweep = { where: { dataset_id: id }, keys: [] };
  return { rows: [], bytes: 0, partition: id, checkpoint: null, sweep };
}
