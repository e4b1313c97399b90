import { readQuarantine, readSnapshot } from "../chaos/database-snapshot.ts";
import type { ChaosService } from "../chaos/service.ts";
import { newSqliteStorage, type SqliteStorage } from "../chaos/storage.ts";
import { fuzzedSync, type FuzzedSync, type FuzzedSyncOptions } from "./fuzzed-sync.ts";

interface CleanState {
  readonly service: ChaosService;
  readonly storage: SqliteStorage;
  readonly fresh: FreshCopy;
}

/** A database that has seen right answers only, and how its sync ended. */
interface FreshCopy extends AsyncDisposable {
  readonly storage: SqliteStorage;
  readonly status: number;
}

/** Syncs a service into an empty database. */
export async function freshCopy(
  options: Pick<FuzzedSyncOptions, "service" | "baseUrl" | "requestSettings">,
): Promise<FreshCopy> {
  const storage = await newSqliteStorage();
  const settings = { fullRefresh: false, allowMassDeletion: false };
  const { status } = await fuzzedSync({ ...options, ...settings, destination: storage.url });
  return { storage, status, [Symbol.asyncDispose]: () => storage.drop() };
}

/** What is wrong after a sync with right answers: it must end as one into an empty database. */
export async function cleanProblems(
  { status, messages }: FuzzedSync,
  { service, storage, fresh }: CleanState,
): Promise<string[]> {
  const expected = service.unstorableCount() > 0 ? 3 : 0;
  const found = await readQuarantine(storage, service);
  const wanted = await readQuarantine(fresh.storage, service);
  const [extra, missing] = [without(found, wanted), without(wanted, found)];
  return [
    fresh.status === expected ? [] : `into an empty database it ended with ${fresh.status}`,
    status === expected ? [] : `it ended with ${status}: ${messages.slice(-4).join("\n")}`,
    extra.length === 0 ? [] : `quarantined, though nothing is wrong: ${extra.join("\n")}`,
    missing.length === 0 ? [] : `not quarantined: ${missing.join("\n")}`,
    await differences({ service, storage }),
  ].flat();
}

function without(rows: readonly unknown[], others: readonly unknown[]): string[] {
  const texts = new Set(others.map((row) => JSON.stringify(row)));
  return rows.map((row) => JSON.stringify(row)).filter((text) => !texts.has(text));
}

/**
 * What is missing after a clean sync, and what is there too much. The latter is not counted for
 * Opik's items: those of a dataset without a version are marked only after a quarter of an hour.
 */
async function differences({
  service,
  storage,
}: Pick<CleanState, "service" | "storage">): Promise<string[]> {
  const { liveKeys } = await readSnapshot(storage, service.keyColumns);
  return Object.entries(service.storableKeys()).flatMap(([table, keys]) => {
    const live = new Set(liveKeys[table]);
    const wanted = new Set(keys);
    const missing = keys.filter((key) => !live.has(key));
    const tooMany = [...live].filter((key) => !wanted.has(key) && table !== "opik_dataset_item");
    return missing.length + tooMany.length === 0
      ? []
      : [`${table}: missing ${missing.join(", ")}; too many ${tooMany.join(", ")}`];
  });
}
