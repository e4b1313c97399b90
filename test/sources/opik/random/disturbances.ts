import type { OpikDataset } from "../../../../src/emulators/opik/dataset.ts";
import type { OpikFaults, Redaction } from "../../../../src/emulators/opik/faults.ts";
import type { ReplicaLag } from "../../../../src/emulators/opik/replica-lag.ts";
import type { OpikWorkspace } from "../../../../src/emulators/opik/workspace.ts";
import { settlingMs } from "../../../../src/sources/opik/version.ts";
import type { Opik } from "../../../support/opik.ts";
import type { Random } from "../../../support/random.ts";
import type { WorkspaceLife } from "./workspace-life.ts";

/** Counters of versions, and the service's `Date`, have whole seconds. */
const maxLagMs = settlingMs - 2000;

interface DisturbancesOptions {
  readonly service: Opik;
  readonly life: WorkspaceLife;
  readonly random: Random;
}

/** What is wrong with the service, chosen at random for each sync. */
export class Disturbances {
  readonly #faults: OpikFaults;
  readonly #workspace: OpikWorkspace;
  readonly #life: WorkspaceLife;
  readonly #random: Random;
  /** What is true of the service all the time. */
  readonly #always: OpikFaults;
  readonly #redacts: boolean;
  #hasLaggedLong = false;

  constructor({ service, life, random }: DisturbancesOptions) {
    const { faults, workspace } = service;
    this.#faults = faults;
    this.#workspace = workspace;
    this.#life = life;
    this.#random = random;
    this.#redacts = random.oneIn(2);
    this.#always = {
      ...(workspace.versioned && random.oneIn(6) ? { rowIds: true } : {}),
      endpointStatus: {
        ...(random.oneIn(3) ? { "/feedback-definitions": 403 } : {}),
        // Only without permissions are positions saved in a sync of less than half a minute.
        ...(this.#redacts ? {} : { "/workspace-permissions": 404 }),
      },
    };
    this.end();
  }

  /** Whether values that were seen whole may arrive redacted during all of the next sync. */
  get hasLostPermission(): boolean {
    return this.#faults.redaction?.permission !== "granted" && this.#redacts;
  }

  /** Before a sync. */
  begin(): void {
    const random = this.#random;
    const { versioned } = this.#workspace;
    const replicaLag = versioned && random.oneIn(3) ? this.#lag() : undefined;
    Object.assign(this.#faults, {
      ...(random.oneIn(3) ? { pageSizeCap: random.between(2, 6) } : {}),
      ...(random.oneIn(10) ? { keyRevoked: true } : {}),
      ...(replicaLag ? { replicaLag } : {}),
      ...this.#undeliverable(),
      // A replica that lags may show as many items as a wrong count says.
      ...(replicaLag ? {} : this.#wrongCounts()),
      ...(this.#redacts ? { redaction: this.#redaction(random.oneIn(5)) } : {}),
    } satisfies OpikFaults);
    this.#watch();
  }

  /** After a sync: nothing is wrong any more. */
  end(): void {
    for (const name of Object.keys(this.#faults)) Reflect.deleteProperty(this.#faults, name);
    Object.assign(this.#faults, this.#always);
    if (this.#redacts) this.#faults.redaction = this.#redaction(false);
    this.#life.moveCounters();
  }

  /** What happens between two answers. */
  #watch(): void {
    const random = this.#random;
    const { clock } = this.#workspace;
    const isBusy = random.oneIn(2);
    const losesKey = random.oneIn(8);
    const losesPermission = this.#redacts && random.oneIn(8);
    let answersUntilCounted = random.between(0, 20);
    this.#faults.onAnswer = ({ path }) => {
      if ((answersUntilCounted -= 1) === 0) this.#life.moveCounters();
      // No proof can tell that a key was revoked and restored between two.
      if (this.#faults.keyRevoked === true && /feedback-definitions/.test(path))
        this.#faults.keyRevoked = !random.oneIn(2);
      else if (losesKey && random.oneIn(10)) this.#faults.keyRevoked = true;
      if (losesPermission && random.oneIn(10)) this.#faults.redaction = this.#redaction(true);
      if (!isBusy) return;
      if (random.oneIn(3)) this.#life.step();
      if (random.oneIn(20)) clock.advance(random.pick([1000, 60_000, 600_000, 1_200_000]));
    };
  }

  #redaction(isLost: boolean): Redaction {
    const lost = this.#random.pick(["lost", "lookUpFails"] as const);
    return { fields: ["input"], permission: isLost ? lost : "granted" };
  }

  #lag(): ReplicaLag {
    const random = this.#random;
    const share = random.fraction();
    const seed = random.between(1, 1e6);
    const forMs = random.pick([maxLagMs, random.between(0, maxLagMs), { below: maxLagMs, seed }]);
    const dataset = random.oneIn(4) ? this.#countedInOneWrite() : undefined;
    return {
      shows: random.pick([() => 0, () => 3, (items: number) => Math.floor(items * share)]),
      ...(dataset === undefined ? { forMs } : { dataset }),
      ...(random.oneIn(2) ? { answers: random.between(1, 10) } : {}),
    };
  }

  /**
   * A dataset whose count shows that a replica lags, for however long; the id of one in each case,
   * because what lags in the same way for 15 minutes is believed.
   */
  #countedInOneWrite(): string | undefined {
    if (this.#hasLaggedLong) return undefined;
    const dataset = this.#counted().find((one) => one.writesTo(one.versions.length).length === 1);
    this.#hasLaggedLong = dataset !== undefined;
    return dataset?.id;
  }

  /** Datasets whose versions count their items. */
  #counted(): readonly OpikDataset[] {
    return this.#workspace.datasets.filter(
      ({ versions }) => (versions.at(-1)?.items_total ?? -1) >= 0,
    );
  }

  #undeliverable(): OpikFaults {
    const item = this.#random.oneIn(8) ? this.#life.anyItem() : undefined;
    if (item === undefined) return {};
    const how = this.#random.pick(["status", "nan", "brokenJson"] as const);
    return { undeliverable: { item, how } };
  }

  /** Only of versions that count their items: otherwise nothing shows that a total is wrong. */
  #wrongCounts(): OpikFaults {
    const random = this.#random;
    const counted = this.#counted();
    if (counted.length === 0 || !random.oneIn(5)) return {};
    const dataset = random.pick(counted).id;
    return random.oneIn(2)
      ? { inflatedCount: { dataset, by: random.between(1, 3) } }
      : { wrongTotal: { dataset, by: random.pick([-1, 1]) } };
  }
}
