import { expect } from "vitest";
import { contents } from "../support/contents.ts";
import { newFolder } from "../support/program.ts";
import type { Arena } from "./database-kind.ts";
import { Bout, type BoutOptions } from "./chaos-run.ts";
import { deal } from "./pick-disturbances.ts";
import { outcomeOf, type Disturbance, type Outcome } from "./disturbance.ts";
import { startHttpProxy } from "./http-proxy.ts";
import { readLedger } from "./database-snapshot.ts";
import { Random } from "../support/random.ts";
import type { ChaosService, ServiceKind } from "./service.ts";
import { services } from "./services.ts";
import type { Storage } from "./storage.ts";
import { checkTruth } from "./check-run.ts";

export interface RoundOptions {
  readonly seed: number;
  /** Only disturbances whose names contain this. */
  readonly only: string;
  /** Whether disturbances that take half a minute take part. */
  readonly slow: boolean;
  /** Told what was done, and how the program ended. */
  readonly tell: (text: string) => void;
  /** Told of each disturbance, and whether it happened. */
  readonly count: (name: string, happened: boolean) => void;
}

/** How many runs of a round are disturbed. */
const hand = 4;

/** Some disturbed runs, each of which has to tell the truth, and then all that `playWith` asks for. */
export async function playRound<Where extends Storage>(
  arena: Arena<Where>,
  { seed, only, slow, tell, count }: RoundOptions,
): Promise<void> {
  const [kind] = services.slice(seed % services.length);
  if (!kind) throw new RangeError("there are no services");
  await playWith(arena, { seed, kind }, async (place) => {
    const { service, proxy } = place;
    const deck = arena.deck.filter(
      ({ name, trap }) => name.includes(only) && (trap === undefined || service.traps[trap]),
    );
    const round = Math.floor(seed / services.length);
    const salt = seed % services.length;
    const dealt = deal(deck, { round, hand, salt }).filter((one) => slow || one.slow !== true);
    for (const disturbance of dealt) {
      proxy.latencyMs = place.random.pick([0, 0, 0, 15]);
      const [random, fullRefresh] = [place.random.fork(), place.random.oneIn(4)];
      const { outcome, happened } = await disturbed(disturbance, { ...place, random, fullRefresh });
      const end = happened ? outcome : `${outcome}, for it did not happen`;
      tell(`${kind.name}: ${disturbance.name}: ${end}`);
      count(disturbance.name, happened);
    }
  });
}

export interface Play {
  readonly seed: number;
  readonly kind: ServiceKind;
  readonly pageSize?: number;
}

/**
 * A service with a history, and a fresh database with which something is done; then a run of the program that nothing disturbs, after which
 * every cell is that of a clean sync.
 */
export async function playWith<Where extends Storage>(
  arena: Pick<Arena<Where>, "newStorage">,
  { seed, kind, pageSize }: Play,
  act: (place: BoutOptions<Where>) => Promise<void>,
): Promise<void> {
  const random = new Random(seed);
  await using service = await kind.start(random.fork());
  await using proxy = await startHttpProxy(service.url);
  await using folder = await newFolder();
  const pace = {
    [service.pageSize]: pageSize ?? random.pick([6, 20, 60]),
    concurrency: random.between(1, 4),
    retry_attempts: 3,
  };
  const storage = await arena.newStorage();
  try {
    const place = { service, proxy, storage, folder: folder.path, pace, random };
    await act(place);
    proxy.latencyMs = 0;
    await undisturbed(arena, place);
  } finally {
    await storage.drop();
  }
}

/** Fails with the name of the disturbance. */
async function disturbed<Where extends Storage>(
  disturbance: Disturbance<Where>,
  options: BoutOptions<Where>,
): Promise<{ readonly outcome: Outcome; readonly happened: boolean }> {
  const { service, proxy, storage } = options;
  const bout = new Bout(options);
  bout.change();
  try {
    const before = await readLedger(storage, service.keys);
    const ended = await disturbance.disturb(bout);
    const after = await readLedger(storage, service.keys);
    checkTruth({ ended, disturbance, bout, before, after });
    const outcome = outcomeOf(ended);
    const hasTold = disturbance.outcomes.length === 1 || outcome !== "completed";
    return { outcome, happened: bout.happened ?? hasTold };
  } catch (error) {
    throw new Error(`${disturbance.name}: ${String(error)}`, { cause: error });
  } finally {
    proxy.fault = undefined;
    proxy.rewrite = undefined;
    proxy.onRequest = undefined;
    proxy.onAnswer = undefined;
    if (storage.dialect === "postgres") storage.link.disarm();
  }
}

/** Runs the program once more into the database, and once into a fresh one: they are the same, and what the service holds. */
async function undisturbed<Where extends Storage>(
  arena: Pick<Arena<Where>, "newStorage">,
  options: BoutOptions<Where>,
): Promise<void> {
  const { service, storage } = options;
  const fresh = await arena.newStorage();
  try {
    const expected = service.unstorable() > 0 ? 3 : 0;
    for (const where of [storage, fresh]) {
      const bout = new Bout({ ...options, storage: where });
      const before = await readLedger(where, service.keys);
      const ended = await bout.run();
      expect(ended.status, ended.stderr).toBe(expected);
      const after = await readLedger(where, service.keys);
      checkTruth({ ended, disturbance: { outcomes: ["completed"] }, bout, before, after });
    }
    expect(await cells(storage, service)).toEqual(await cells(fresh, service));
    expect(await quarantined(storage, service)).toEqual(await quarantined(fresh, service));
  } finally {
    await fresh.drop();
  }
}

/** What stands in the tables, but for what has to differ between two databases. */
async function cells(storage: Storage, { stamped = [] }: ChaosService): Promise<unknown> {
  const tables = Object.entries(await contents(storage, { withoutDeleted: true }));
  const isKept = ([column]: readonly [string, unknown]): boolean => !stamped.includes(column);
  return tables.map(([name, rows]) => ({
    name,
    rows: rows.map((row) => Object.fromEntries(Object.entries(row).filter(isKept))),
  }));
}

async function quarantined(storage: Storage, { stamped = [] }: ChaosService): Promise<unknown> {
  const rows = await storage.query(
    "SELECT stream, key, payload, reason FROM _rivulet_quarantine ORDER BY 1, 2",
  );
  const unstamped = (payload: string, column: string): string =>
    payload.replace(new RegExp(`"${column}":"[^"]*"`), "");
  return rows.map((row) => ({
    ...row,
    payload: stamped.reduce(unstamped, String(row["payload"])),
  }));
}
