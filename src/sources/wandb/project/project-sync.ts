import { partitionKey } from "../../../core/partition-key.ts";
import type { ReadOptions, Rejected, StreamBatch } from "../../../core/source.ts";
import { isMassDeletion, MassDeletionError } from "../../../engine/mass-deletion.ts";
import { Ledger } from "../../../engine/ledger.ts";
import type { Listing } from "../../../engine/listing/list-items.ts";
import type { ListedRun } from "../reader/listed-run.ts";
import type { MissingRun, ProjectReader } from "../reader/project-reader.ts";
import { parseProjectState, projectCheckpoint, type ProjectState } from "./project-state.ts";
import { partitionOf, projectColumns, runSweep, type ProjectScope } from "./project-scope.ts";
import type { WandbSession } from "./session.ts";

interface ProjectSyncOptions {
  readonly session: WandbSession;
  readonly scope: ProjectScope;
  /** What the rows depend on; if it changes, everything is read anew. */
  readonly validity: string;
  readonly options: ReadOptions;
}

/** How one stream reads one project in this sync: what is there, what was read, what is gone. */
export class ProjectSync {
  readonly reader: ProjectReader;
  readonly listing: Listing<ListedRun>;
  readonly ledger: Ledger;
  /** What an earlier sync saved under the same validity. */
  readonly saved: ProjectState | undefined;
  readonly #options: ProjectSyncOptions;
  readonly #refusal: MassDeletionError | undefined;
  /** Whether nothing is known of what is in the table. */
  readonly #isFirst: boolean;
  readonly #newRuns = new Set<string>();

  private constructor(
    options: ProjectSyncOptions,
    { reader, listing, state }: Opened & { readonly listing: Listing<ListedRun> },
  ) {
    const { scope, validity } = options;
    const { allowMassDeletion, checkpoints } = options.options;
    this.#options = options;
    this.reader = reader;
    this.listing = listing;
    this.ledger = new Ledger(checkpoints, partitionOf(scope), validity);
    this.saved = validity === state?.scope ? state : undefined;
    this.#isFirst = state === undefined;
    const counts = { believed: this.saved?.believed ?? 0, shown: listing.items.size };
    if (!allowMassDeletion && isMassDeletion(counts))
      this.#refusal = new MassDeletionError({
        where: `project "${scope.project}"`,
        noun: "runs",
        ...counts,
      });
  }

  /** Opens the project and lists its runs. */
  static async start(options: ProjectSyncOptions): Promise<ProjectSync> {
    const { session, scope } = options;
    const { checkpoints, log } = options.options;
    const checkpoint = checkpoints.get(partitionOf(scope));
    const state = parseProjectState(checkpoint);
    if (checkpoint && !state)
      log.info(`${scope.project}: the state is from an earlier version; reading all runs once`);
    const reader = await session.open(scope.project, state?.hidden ?? 0);
    const listing = await reader.listRuns(state?.hidden ?? 0);
    return new ProjectSync(options, { reader, state, listing });
  }

  /** Whether the listing is proven, so that runs may be marked as deleted. */
  get isBelieved(): boolean {
    return this.listing.doubt === undefined && !this.#refusal;
  }

  /**
   * The runs that were read earlier and are deleted now.
   *
   * @param unfinished - Runs that may have rows although the ledger lacks them.
   */
  async findGone(unfinished: Iterable<string> = []): Promise<readonly string[]> {
    if (!this.isBelieved) return [];
    const missing: MissingRun[] = [];
    for (const id of new Set([...this.ledger.ids(), ...unfinished])) {
      const isShown = this.listing.items.has(id);
      const wasMissed = this.ledger.note(id, isShown);
      if (!isShown) missing.push({ id, wasMissed });
    }
    return missing.length > 0 ? [...(await this.reader.findGone(missing))] : [];
  }

  /**
   * Enters new runs into the ledger, before any row of them is written: whatever happens then, they
   * are asked for when they are gone.
   */
  *enterNewRuns(): Generator<StreamBatch> {
    for (const id of this.listing.items.keys()) {
      if (this.ledger.has(id)) continue;
      this.#newRuns.add(id);
      this.ledger.set(id, "");
    }
    yield* this.ledger.changes();
  }

  /** Whether the table may have rows of a run. Call it after `enterNewRuns`. */
  mayHaveRows(id: string): boolean {
    return this.#isFirst || !this.#newRuns.has(id);
  }

  /**
   * Marks rows as deleted of which nothing is known, as after an upgrade, and whose runs the proven
   * listing lacks.
   */
  *sweepUnknown(): Generator<StreamBatch> {
    const { scope } = this.#options;
    if (!this.#isFirst || !this.isBelieved) return;
    yield { rows: [], bytes: 0, sweep: runSweep(scope, new Set(this.listing.items.keys())) };
  }

  /** At the end: what the next sync needs. Throws a MassDeletionError if nothing may be marked. */
  *end(state: Pick<ProjectState, "rescanned" | "highWaterMark">): Generator<StreamBatch> {
    const { scope, validity } = this.#options;
    const { items, hidden } = this.listing;
    const believed = this.isBelieved ? items.size : (this.saved?.believed ?? items.size);
    const gap = this.#gap();
    yield {
      rows: [],
      bytes: 0,
      ...(scope.multiProject ? { partition: partitionOf(scope) } : {}),
      checkpoint: projectCheckpoint({ ...state, scope: validity, believed, hidden }),
      ...(gap ? { rejected: [gap] } : {}),
    };
    if (this.#refusal) throw this.#refusal;
  }

  /** The entry for what the listing is known to lack, or may lack. */
  #gap(): Rejected | undefined {
    const { scope } = this.#options;
    const { doubt, hidden } = this.listing;
    if (doubt === undefined && hidden === 0) return undefined;
    const entry = {
      key: partitionKey(partitionOf(scope)),
      payload: scope.project,
      where: projectColumns(scope),
    };
    if (doubt !== undefined) {
      const reason = `the list of runs may be incomplete, because ${doubt}; no run was marked as deleted`;
      return { ...entry, reason };
    }
    const reason = `the service counts ${hidden} more ${hidden === 1 ? "run" : "runs"} than it shows`;
    return { ...entry, reason, settled: this.saved !== undefined && hidden <= this.saved.hidden };
  }
}

interface Opened {
  readonly reader: ProjectReader;
  readonly state: ProjectState | undefined;
}
