import { expect } from "vitest";
import { contents } from "../support/contents.ts";
import { newFolder } from "../support/program.ts";
import { Random } from "../support/random.ts";
import { ChaosRun, type ChaosRunOptions } from "./chaos-run.ts";
import { checkRun } from "./check-run.ts";
import type { DatabaseKind } from "./database-kind.ts";
import { readQuarantine, readSnapshot } from "./database-snapshot.ts";
import { outcomeOf, type Disturbance, type Outcome } from "./disturbance.ts";
import { startHttpProxy } from "./http-proxy.ts";
import { pickDisturbances } from "./pick-disturbances.ts";
import type { ChaosService, ServiceKind } from "./service.ts";
import { services } from "./services.ts";
import type { Storage } from "./storage.ts";

/** What a round does, and where it reports to. */
interface RoundOptions {
  readonly seed: number;
  /** Only disturbances whose names contain this. */
  readonly only: string;
  /** Whether to include disturbances that take half a minute. */
  readonly slow: boolean;
  /** Receives each disturbance and how the program ended. */
  readonly report: (text: string) => void;
  /** Receives each disturbance, and whether it took effect. */
  readonly count: (name: string, happened: boolean) => void;
}

const disturbancesPerRound = 4;

/** Some disturbed runs, each of which is checked, and then the checks of {@link runScenario}. */
export async function runRound<Where extends Storage>(
  databaseKind: DatabaseKind<Where>,
  { seed, only, slow, report, count }: RoundOptions,
): Promise<void> {
  const [kind] = services.slice(seed % services.length);
  if (!kind) throw new RangeError("there are no services");
  await runScenario(databaseKind, { seed, kind }, async (setup) => {
    const { service, proxy } = setup;
    const possible = databaseKind.disturbances.filter(
      ({ name, requiredFault: fault }) =>
        name.includes(only) && (fault === undefined || service.faults[fault]),
    );
    const picked = pickDisturbances(possible, {
      round: Math.floor(seed / services.length),
      count: disturbancesPerRound,
      salt: seed % services.length,
    });
    for (const disturbance of picked.filter((one) => slow || one.slow !== true)) {
      const obstacle = disturbance.obstacle?.();
      if (obstacle !== undefined) {
        report(`${kind.name}: ${disturbance.name}: skipped, ${obstacle}`);
        continue;
      }
      proxy.latencyMs = setup.random.pick([0, 0, 0, 15]);
      const [random, fullRefresh] = [setup.random.fork(), setup.random.oneIn(4)];
      const options = { ...setup, random, fullRefresh };
      const { outcome, happened } = await runDisturbed(disturbance, options);
      const end = happened ? outcome : `${outcome}, as it did not happen`;
      report(`${kind.name}: ${disturbance.name}: ${end}`);
      count(disturbance.name, happened);
    }
  });
}

/** Which service a scenario uses, and its randomness. */
interface ScenarioOptions {
  readonly seed: number;
  readonly kind: ServiceKind;
  /** Absent: random. */
  readonly pageSize?: number;
}

/**
 * Starts a service that has data and makes a fresh database, calls `act`, then runs the program
 * once undisturbed and checks that every cell equals that of a clean sync.
 */
export async function runScenario<Where extends Storage>(
  databaseKind: Pick<DatabaseKind<Where>, "newStorage">,
  { seed, kind, pageSize }: ScenarioOptions,
  act: (setup: ChaosRunOptions<Where>) => Promise<void>,
): Promise<void> {
  const random = new Random(seed);
  await using service = await kind.start(random.fork());
  await using proxy = await startHttpProxy(service.url);
  await using folder = await newFolder();
  const requestSettings = {
    [service.pageSizeSetting]: pageSize ?? random.pick([6, 20, 60]),
    concurrency: random.between(1, 4),
    retry_attempts: 3,
  };
  const storage = await databaseKind.newStorage();
  try {
    const setup = { service, proxy, storage, folder: folder.path, requestSettings, random };
    await act(setup);
    proxy.latencyMs = 0;
    await checkUndisturbed(databaseKind, setup);
  } finally {
    await storage.drop();
  }
}

/** An error starts with the name of the disturbance. */
async function runDisturbed<Where extends Storage>(
  disturbance: Disturbance<Where>,
  options: ChaosRunOptions<Where>,
): Promise<{ readonly outcome: Outcome; readonly happened: boolean }> {
  const { service, proxy, storage } = options;
  const run = new ChaosRun(options);
  run.changeService();
  try {
    const before = await readSnapshot(storage, service.keyColumns);
    const ended = await disturbance.disturb(run);
    const after = await readSnapshot(storage, service.keyColumns);
    checkRun({ ended, disturbance, run, before, after });
    const outcome = outcomeOf(ended);
    const isVisible = disturbance.outcomes.length === 1 || outcome !== "completed";
    return { outcome, happened: run.happened ?? isVisible };
  } catch (error) {
    throw new Error(`${disturbance.name}: ${String(error)}`, { cause: error });
  } finally {
    proxy.fault = undefined;
    proxy.rewrite = undefined;
    proxy.onRequest = undefined;
    proxy.onResponse = undefined;
    if (storage.dialect === "postgres") storage.tcpProxy.disarm();
  }
}

/** Syncs once more into the database, and once into a fresh one: both must be the same. */
async function checkUndisturbed<Where extends Storage>(
  databaseKind: Pick<DatabaseKind<Where>, "newStorage">,
  options: ChaosRunOptions<Where>,
): Promise<void> {
  const { service, storage } = options;
  const fresh = await databaseKind.newStorage();
  try {
    const expectedStatus = service.unstorableCount() > 0 ? 3 : 0;
    const sync = async (database: Where, mayKeepDeleted: boolean): Promise<void> => {
      const run = new ChaosRun({ ...options, storage: database });
      const before = await readSnapshot(database, service.keyColumns);
      const ended = await run.startAndWait();
      expect(ended.status, ended.stderr).toBe(expectedStatus);
      const after = await readSnapshot(database, service.keyColumns);
      const disturbance = { outcomes: ["completed"] } as const;
      checkRun({ ended, disturbance, run, before, after, mayKeepDeleted });
    };
    await sync(storage, service.settle !== undefined);
    service.settle?.();
    await sync(fresh, false);
    if (service.settle) await sync(storage, false);
    expect(await readTables(storage, service)).toEqual(await readTables(fresh, service));
    expect(await readQuarantine(storage, service)).toEqual(await readQuarantine(fresh, service));
  } finally {
    await fresh.drop();
  }
}

/** All tables, without what necessarily differs between two databases. */
async function readTables(
  storage: Storage,
  { syncTimeColumns = [] }: ChaosService,
): Promise<unknown> {
  const tables = Object.entries(await contents(storage, { withoutDeleted: true }));
  const isComparable = ([column]: readonly [string, unknown]): boolean =>
    !syncTimeColumns.includes(column);
  return tables.map(([name, rows]) => ({
    name,
    rows: rows.map((row) => Object.fromEntries(Object.entries(row).filter(isComparable))),
  }));
}
