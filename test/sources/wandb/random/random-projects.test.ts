import { expect, test } from "vitest";
import { newLog } from "../../../../src/core/log.ts";
import type { Destination } from "../../../../src/core/destination.ts";
import { openDestination } from "../../../../src/destination/open.ts";
import type { WandbFaults } from "../../../../src/emulators/wandb/faults.ts";
import { wandb as source } from "../../../../src/sources/wandb/source.ts";
import { newSqlite, type TestDatabase } from "../../../support/databases.ts";
import { disturbedSync, type Outcome } from "../../../support/disturbed-sync.ts";
import { Random } from "../../../support/random.ts";
import { testSeed } from "../../../support/test-seed.ts";
import { startWandb, type Wandb } from "../../../support/wandb.ts";
import { expectedTables, storedTables } from "../tables.ts";
import { ProjectLife } from "./project-life.ts";

/** Random projects; `WANDB_CASES` sets how many. */
const cases = Number(process.env["WANDB_CASES"] ?? 40);
const seeds = Array.from({ length: cases }, (_, index) => testSeed + index);

const log = newLog(() => undefined);

test.each(seeds)("a random project arrives as it is, whatever happens (seed %i)", async (seed) => {
  const random = new Random(seed);
  const database = await newSqlite();
  await using service = await startWandb({ seed });
  try {
    await using destination = await openDestination(database.url, { log });
    const project = new RandomProject({ service, database, destination, random });
    await project.begin();
    for (let round = random.between(1, 4); round > 0; round -= 1) await project.round();
    await project.expectAllArrives();
  } finally {
    await database.drop();
  }
});

interface Sandbox {
  readonly service: Wandb;
  readonly database: TestDatabase;
  readonly destination: Destination;
  readonly random: Random;
}

interface SyncOptions {
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly fullRefresh?: boolean;
}

class RandomProject {
  readonly #sandbox: Sandbox;
  readonly #life: ProjectLife;

  constructor(sandbox: Sandbox) {
    this.#sandbox = sandbox;
    this.#life = new ProjectLife(sandbox.service.workspace, sandbox.random);
  }

  /** Creates the tables. */
  async begin(): Promise<void> {
    expect(await this.#sync(Infinity)).toBe("completed");
  }

  /** Some changes, then a disturbed sync, which must not mark a run that exists all the time. */
  async round(): Promise<void> {
    const { random, service } = this.#sandbox;
    for (let events = random.between(0, 40); events > 0; events -= 1) this.#life.step();
    service.workspace.clock.advance(random.pick([0, 3000, 60_000, 7 * 3_600_000]));
    const before = { living: this.#living(), deleted: await this.#deleted() };
    this.#life.touched.clear();
    this.#disturb();
    const isFiltered = random.oneIn(6);
    await this.#sync(random.oneIn(2) ? random.between(0, 30) : Infinity, {
      fullRefresh: random.oneIn(6),
      settings: {
        ...(random.oneIn(4) ? { metrics: "loss" } : {}),
        ...(isFiltered ? { filters: { tags: { $in: ["first"] } } } : {}),
      },
    });
    this.#clearFaults();
    // The others count as deleted.
    if (isFiltered) return;
    const marked = [...(await this.#deleted())].filter((run) => !before.deleted.has(run));
    const living = marked.filter((run) => before.living.has(run) && !this.#life.touched.has(run));
    expect(living, "runs that exist and were marked as deleted").toEqual([]);
  }

  /** After a settled sync without disturbance, the tables are what the service has. */
  async expectAllArrives(): Promise<void> {
    const { service, database } = this.#sandbox;
    this.#life.comeToRest();
    service.workspace.clock.advance(60_000);
    expect(await this.#sync(Infinity)).toBe("completed");
    expect(await storedTables(database)).toEqual(expectedTables(this.#life.project));
  }

  #living(): ReadonlySet<string> {
    const runs = this.#life.project.runs.filter(({ hidden }) => !hidden);
    return new Set(runs.map(({ name }) => name));
  }

  /** The runs that are marked as deleted, in either table; of a rewound run, only steps are. */
  async #deleted(): Promise<ReadonlySet<string>> {
    const { database } = this.#sandbox;
    const runs = "SELECT run_id FROM runs WHERE _deleted";
    const histories = "SELECT run_id FROM metrics GROUP BY run_id HAVING MIN(_deleted)";
    const marked = await Promise.all([runs, histories].map((sql) => database.query(sql)));
    const isRewound = (run: string): boolean =>
      this.#life.project.run(run)?.history.lineCount === 0;
    const ids = marked.flat().map(({ run_id }) => String(run_id));
    return new Set(ids.filter((run) => !isRewound(run)));
  }

  #disturb(): void {
    const { random, service } = this.#sandbox;
    const faults: WandbFaults = {
      ...(random.oneIn(2) ? { unstableTies: true } : {}),
      ...(random.oneIn(3) ? { pageSizeCap: random.between(2, 6) } : {}),
      ...(random.oneIn(5) ? { emptyPages: { above: 2 } } : {}),
      ...(random.oneIn(6) ? { orderIgnored: true } : {}),
      ...(random.oneIn(8) ? { filtersIgnored: { runs: true } } : {}),
      ...(random.oneIn(8) ? { deadFilters: [random.pick(["createdAt", "name"])] } : {}),
      ...(random.oneIn(3) ? { countHidden: true } : {}),
      ...(random.oneIn(10) ? { keyRevoked: true } : {}),
    };
    Object.assign(service.faults, faults);
    if (!random.oneIn(2)) return;
    service.faults.onAnswer = () => {
      if (random.oneIn(2)) this.#life.step();
      if (random.oneIn(10)) service.faults.keyRevoked = !service.faults.keyRevoked;
    };
  }

  #clearFaults(): void {
    const { faults } = this.#sandbox.service;
    for (const name of Object.keys(faults)) Reflect.deleteProperty(faults, name);
  }

  async #sync(commits: number, options: SyncOptions = {}): Promise<Outcome> {
    const { settings = {}, fullRefresh = false } = options;
    const { service, destination } = this.#sandbox;
    const { nowMs } = service.workspace.clock;
    const config = {
      ...{ base_url: service.url, api_key: service.apiKey, entity: "acme", project: "vision" },
      ...{ page_size: 3, listing_page_size: 5, retry_attempts: 0, ...settings },
    };
    return await disturbedSync(source, { destination, config, commits, fullRefresh, nowMs });
  }
}
