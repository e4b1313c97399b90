import { readSnapshot } from "../chaos/database-snapshot.ts";
import { startHttpProxy } from "../chaos/http-proxy.ts";
import type { ServiceKind } from "../chaos/service.ts";
import { newSqliteStorage } from "../chaos/storage.ts";
import { Random } from "../support/random.ts";
import { cleanProblems, freshCopy } from "./check-clean.ts";
import { problemsOf } from "./check-fuzzed.ts";
import { fuzzedSync, type FuzzedSync } from "./fuzzed-sync.ts";
import { garbled } from "./garble.ts";

interface ScenarioOptions {
  readonly seed: number;
  readonly kind: ServiceKind;
}

/** What happened in a scenario. */
export interface ScenarioResult {
  readonly answers: number;
  readonly garbled: number;
  /** How often the syncs ended with each exit status. */
  readonly statuses: ReadonlyMap<number, number>;
  /** What went wrong, with what was garbled in that sync. */
  readonly problems: readonly string[];
}

const syncsPerScenario = 12;

/**
 * A fresh service, many syncs with garbled answers while its data changes, each of which is
 * checked, and at last one whose answers are right: it must end with what the service has.
 */
export async function runScenario({ seed, kind }: ScenarioOptions): Promise<ScenarioResult> {
  const random = new Random(seed);
  await using service = await kind.start(random.fork());
  await using proxy = await startHttpProxy(service.url);
  const { secret } = service;
  const storage = await newSqliteStorage();
  const statuses = new Map<number, number>();
  const problems: string[] = [];
  let names: string[] = [];
  // Only without lies is it known what must not be deleted.
  const lies = random.oneIn(2);
  let garbledCount = 0;
  const requestSettings = {
    [service.pageSizeSetting]: random.pick([6, 20, 60]),
    ...{ concurrency: random.between(1, 4), retry_attempts: random.between(0, 3) },
    request_timeout_seconds: 1,
  };
  const sync = async (fullRefresh: boolean, allowMassDeletion: boolean): Promise<FuzzedSync> => {
    const shared = { service, baseUrl: proxy.url, destination: storage.url, requestSettings };
    const { liveKeys: liveBefore } = await readSnapshot(storage, service.keyColumns);
    const ended = await fuzzedSync({ ...shared, fullRefresh, allowMassDeletion });
    statuses.set(ended.status, (statuses.get(ended.status) ?? 0) + 1);
    const found = await problemsOf(ended, { service, storage, liveBefore, mayHaveLied: lies });
    problems.push(...found.map((problem) => `${names.join("\n")}\n${problem}`));
    return ended;
  };
  try {
    if (!random.oneIn(3)) await sync(false, false);
    for (let count = 0; count < syncsPerScenario; count += 1) {
      names = [];
      const share = random.pick([0.05, 0.2, 0.5, 0.8]);
      proxy.fault = (exchange) => {
        if (random.fraction() >= share) return undefined;
        const { name, respond } = garbled({ exchange, random, secret }, lies);
        names.push(name);
        garbledCount += 1;
        return respond;
      };
      await sync(random.oneIn(3), false);
      proxy.fault = undefined;
      for (let changes = random.smallCount(); changes > 0; changes -= 1) service.change(random);
    }
    names = [];
    if (service.settle) {
      await sync(false, true);
      service.settle();
    }
    await using fresh = await freshCopy({ service, baseUrl: proxy.url, requestSettings });
    for (const fullRefresh of [false, true]) {
      // What a lie has said of unchanged data is corrected only by reading everything again.
      if (lies && !fullRefresh) continue;
      const ended = await sync(fullRefresh, true);
      const found = await cleanProblems(ended, { service, storage, fresh });
      const kind = fullRefresh ? "the clean full refresh" : "the clean sync";
      problems.push(...found.map((problem) => `${kind}: ${problem}`));
    }
  } finally {
    await storage.drop();
  }
  return { answers: proxy.responseCount, garbled: garbledCount, statuses, problems };
}
