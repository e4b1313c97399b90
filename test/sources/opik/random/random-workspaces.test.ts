import { expect, test } from "vitest";
import type { Destination } from "../../../../src/core/destination.ts";
import { newLog } from "../../../../src/core/log.ts";
import { openDestination } from "../../../../src/destination/open.ts";
import { OpikClock } from "../../../../src/emulators/opik/clock.ts";
import { OpikWorkspace } from "../../../../src/emulators/opik/workspace.ts";
import { opik as source } from "../../../../src/sources/opik/source.ts";
import { settlingMs } from "../../../../src/sources/opik/version.ts";
import { newSqlite, type TestDatabase } from "../../../support/databases.ts";
import { disturbedSync, type Outcome } from "../../../support/disturbed-sync.ts";
import { startOpik, type Opik } from "../../../support/opik.ts";
import { Random } from "../../../support/random.ts";
import { testSeed } from "../../../support/test-seed.ts";
import { Disturbances } from "./disturbances.ts";
import { deletedRows, expectedRows, storedRows } from "./tables.ts";
import { WorkspaceLife } from "./workspace-life.ts";

/** Random workspaces; `OPIK_CASES` sets how many. */
const cases = Number(process.env["OPIK_CASES"] ?? 40);
const seeds = Array.from({ length: cases }, (_, index) => testSeed + index);

const log = newLog(() => undefined);
const login = { apiKey: "secret-key", workspace: "acme" };

test.each(seeds)(
  "a random workspace arrives as it is, whatever happens (seed %i)",
  async (seed) => {
    const random = new Random(seed);
    const database = await newSqlite();
    const versioned = !random.oneIn(6);
    const workspace = new OpikWorkspace({ versioned, clock: new OpikClock({ seed }) });
    await using service = await startOpik({ workspace, login });
    try {
      await using destination = await openDestination(database.url, { log });
      const copy = new RandomWorkspace({ service, database, destination, random });
      for (let round = random.between(1, 4); round > 0; round -= 1) await copy.round();
      await copy.expectAllArrives();
    } finally {
      await database.drop();
    }
  },
);

interface Sandbox {
  readonly service: Opik;
  readonly database: TestDatabase;
  readonly destination: Destination;
  readonly random: Random;
}

interface SyncOptions {
  /** How many transactions are committed before the process is killed. */
  readonly commits?: number;
  readonly fullRefresh?: boolean;
  readonly pageSize?: number;
}

class RandomWorkspace {
  readonly #sandbox: Sandbox;
  readonly #life: WorkspaceLife;
  readonly #disturbances: Disturbances;
  readonly #settings: Readonly<Record<string, unknown>>;
  /** Otherwise only a rescan finds items that were written in place. */
  readonly #detectsEdits: boolean;
  #hasTables = false;

  constructor(sandbox: Sandbox) {
    const { service, random } = sandbox;
    const sharesItems = random.oneIn(2);
    this.#detectsEdits = !random.oneIn(4);
    this.#sandbox = sandbox;
    this.#life = new WorkspaceLife(service.workspace, random, { sharesItems });
    this.#disturbances = new Disturbances({ service, random, life: this.#life });
    this.#settings = {
      dataset_item_key: sharesItems ? "dataset_and_item" : "item",
      concurrency: random.pick([1, 4]),
      detect_edits: this.#detectsEdits,
    };
  }

  /** Some changes, then a disturbed sync. */
  async round(): Promise<void> {
    const { random, service } = this.#sandbox;
    for (let events = random.between(0, 15); events > 0; events -= 1) this.#life.step();
    service.workspace.clock.advance(random.pick([0, 3000, 60_000, 600_000, 1_000_000, 7e8]));
    this.#disturbances.begin();
    const isRedacted = this.#disturbances.hasLostPermission;
    const before = await this.#redacted();
    await this.#syncWatched({
      fullRefresh: random.oneIn(6),
      ...(random.oneIn(2) ? { commits: random.between(0, 30) } : {}),
    });
    this.#disturbances.end();
    if (!isRedacted) return;
    const lost = [...(await this.#redacted())].filter(
      ([key, is]) => is && before.get(key) === false,
    );
    expect(lost, "values that were read whole and are redacted now").toEqual([]);
  }

  /**
   * Once nothing changes any more, three syncs, each when what the one before has seen is settled,
   * bring everything: the first may be the first to read a dataset of a server before versions,
   * the second sees the version that this made, and only the third may have seen the same items for
   * as long as a dataset without a count of them must show them.
   */
  async expectAllArrives(): Promise<void> {
    const { service, database } = this.#sandbox;
    let outcome: Outcome = "failed";
    for (let syncs = 0; syncs < 3; syncs += 1) {
      service.workspace.clock.advance(settlingMs + 1000);
      outcome = await this.#syncWatched({ pageSize: 7, fullRefresh: !this.#detectsEdits });
    }
    const quarantined = await database.query("SELECT * FROM _rivulet_quarantine WHERE NOT settled");
    expect(quarantined).toEqual([]);
    expect(outcome).toBe("completed");
    const headers = { authorization: login.apiKey, "comet-workspace": login.workspace };
    expect(await storedRows(database)).toEqual(await expectedRows(service, headers));
  }

  /** Syncs, which must not mark as deleted what existed all the time. */
  async #syncWatched(options: SyncOptions = {}): Promise<Outcome> {
    const living = this.#life.living();
    const deletedBefore = await this.#deleted();
    this.#life.touched.clear();
    const outcome = await this.#sync(options);
    const existed = (key: string): boolean => living.has(key) && !this.#life.touched.has(key);
    const marked = [...(await this.#deleted())].filter((key) => !deletedBefore.has(key));
    expect(marked.filter(existed), "rows that exist and were marked as deleted").toEqual([]);
    return outcome;
  }

  async #deleted(): Promise<ReadonlySet<string>> {
    return this.#hasTables ? await deletedRows(this.#sandbox.database) : new Set();
  }

  /** Whether the input of an item is redacted in the table, by the item's key. */
  async #redacted(): Promise<ReadonlyMap<string, boolean>> {
    const rows = this.#hasTables ? await storedRows(this.#sandbox.database) : new Map();
    return new Map([...rows].map(([key, { inputs }]) => [key, inputs === "[REDACTED]"]));
  }

  async #sync(options: SyncOptions): Promise<Outcome> {
    const { service, destination, random } = this.#sandbox;
    const { commits = Infinity, fullRefresh = false, pageSize = random.between(2, 5) } = options;
    const { nowMs } = service.workspace.clock;
    const config = {
      ...{ base_url: service.url, COMET_OPIK_API_KEY: login.apiKey, retry_attempts: 0 },
      ...{ COMET_OPIK_WORKSPACE: login.workspace, page_size: pageSize },
      ...this.#settings,
    };
    this.#hasTables = true;
    return await disturbedSync(source, { destination, config, commits, fullRefresh, nowMs });
  }
}
