import { z } from "zod";
import { TransientError } from "../../core/errors.ts";
import { isDue } from "../../core/is-due.ts";
import type { Checkpoint, ReadOptions, StreamBatch } from "../../core/source.ts";
import type { Client } from "../../http/client.ts";
import type { PageMapper } from "../../http/paging/page-mapper.ts";
import type { RedactionGuard, WorkspaceAccess } from "./access.ts";
import type { OpikConfig } from "./config.ts";
import type { Dataset } from "./dataset.ts";
import type { DatasetEntry, SeenItems } from "./dataset-entry.ts";
import { ItemWalk, itemsPath, type SweepMode, type WalkPosition } from "./item-walk.ts";
import { Outcomes, type Outcome } from "./outcome.ts";
import { listedVersion, readVersion, type Version } from "./version.ts";

/** How often one sync reads a dataset that changes while it is read. */
const maxReads = 3;

/** How long a position may wait for a proof that what was read before it is not redacted. */
const proofEveryMs = 30_000;

/** What the datasets of a sync share. */
export interface ItemContext extends ReadOptions {
  readonly client: Client;
  readonly config: OpikConfig;
  readonly access: WorkspaceAccess;
  readonly guard: RedactionGuard;
  readonly mapper: PageMapper;
  /** Whether rows may be marked as deleted; not if the lists of the workspace are refused. */
  readonly mayMark: boolean;
  /** The datasets of items that are in quarantine. */
  readonly unstored: ReadonlySet<string>;
}

interface DatasetState {
  /** What an earlier sync read. */
  readonly entry: DatasetEntry | undefined;
  /** What all walks of earlier syncs showed, also before a full refresh. */
  readonly seen: SeenItems | undefined;
  /** The checkpoint of a read that was interrupted. */
  readonly open: Checkpoint | undefined;
  /** Called before the last batch, whose checkpoint is null, with the entry for the ledger. */
  readonly finished: (entry: DatasetEntry) => void;
}

/** Reads the items of one dataset, if they may have changed. */
export class DatasetReader {
  readonly #dataset: Dataset;
  readonly #context: ItemContext;
  readonly #state: DatasetState;
  readonly #outcomes: Outcomes;
  #lastProof = Date.now();

  constructor(dataset: Dataset, context: ItemContext, state: DatasetState) {
    this.#dataset = dataset;
    this.#context = context;
    this.#state = state;
    // A walk that was interrupted may have shown others.
    const seen = state.open ? undefined : state.seen;
    const { unmarkedSince } = state.entry ?? {};
    this.#outcomes = new Outcomes(dataset, { seen, unmarkedSince }, context.startedAt);
  }

  /** The batches; none if the items are unchanged. */
  async *read(): AsyncGenerator<StreamBatch> {
    const version = await this.#version();
    if (!this.#needsReading(version)) {
      if (!(await this.#canReadMore(version))) return;
    }
    yield* this.#readUntilProven(version);
  }

  async #version(): Promise<Version> {
    const { client, config, mayMark, startedAt } = this.#context;
    const now = startedAt.getTime();
    const version = config.detect_edits
      ? await readVersion(client, this.#dataset, now)
      : listedVersion(this.#dataset, now);
    // As if it had been edited just now: that marks nothing, and it is read once more later.
    return mayMark ? version : { ...version, isSettled: false, mayBeEdited: true };
  }

  #needsReading({ fingerprint, isSettled }: Version): boolean {
    const { entry, open } = this.#state;
    const { fullRefresh, config, startedAt, unstored } = this.#context;
    if (unstored.has(this.#dataset.id)) return true;
    // Only a read tells that what failed or was missing is there again.
    if (fullRefresh || open || !entry || fingerprint === undefined) return true;
    if (entry.version !== fingerprint || entry.seen?.isShort === true) return true;
    if (entry.unsettled === true && isSettled) return true;
    return isDue(entry.at, config.rescan_days, startedAt);
  }

  /** Whether the service can deliver an item that it could not; each is tried once. */
  async #canReadMore({ hash }: Version): Promise<boolean> {
    const { client } = this.#context;
    const path = itemsPath(this.#dataset);
    for (const offset of this.#state.entry?.unreadable ?? []) {
      const query = { version: hash, truncate: false, page: offset + 1, size: 1 };
      const canRead = await client.getJson(path, { query, retryAttempts: 0 }).then(
        () => true,
        () => false,
      );
      if (canRead) return true;
    }
    return false;
  }

  async *#readUntilProven(first: Version): AsyncGenerator<StreamBatch> {
    const { guard } = this.#context;
    let version = first;
    let before: ItemWalk | undefined;
    for (let reads = 1; reads <= maxReads; reads += 1) {
      const walk = this.#newWalk(version, { again: reads > 1 });
      yield* this.#batchesOf(walk, version);
      let outcome = this.#outcomes.of(walk, version);
      // A walk that showed every item of the version cannot have been one of public rows only.
      if (!outcome || version.items === undefined || guard.isNeeded) await this.#prove();
      if (!outcome) {
        const now = await this.#version();
        // What was read before it was settled stays unsettled.
        const read = { ...now, isSettled: now.isSettled && version.isSettled };
        if (isSame(now, version)) outcome = yield* this.#unprovenOutcome(walk, read, before);
        version = now;
      }
      before = walk;
      if (!outcome) continue;
      const { entry, ...batch } = outcome;
      this.#state.finished(entry);
      yield { rows: [], bytes: 0, checkpoint: null, ...batch };
      return;
    }
    throw new TransientError(
      `dataset "${this.#dataset.name}": kept changing while it was read; run again when nobody is editing it`,
    );
  }

  /**
   * Of a version that did not change while it was read. If it shows as many items as it has, and
   * only its answers count others, a second walk must show the same ones.
   *
   * @param before - The walk before it in this sync.
   */
  async *#unprovenOutcome(
    walk: ItemWalk,
    version: Version,
    before: ItemWalk | undefined,
  ): AsyncGenerator<StreamBatch, Outcome | undefined> {
    if (version.items === undefined) return this.#outcomes.ofUncounted(walk, version, before);
    if (walk.items !== version.items || walk.hasUnkeyed)
      return this.#outcomes.ofShort(walk, version);
    if (walk.agrees) return this.#outcomes.ofComplete(walk, version);
    if (!version.isSettled) return this.#outcomes.ofShort(walk, version);
    const second = this.#newWalk(version, { again: true });
    yield* this.#batchesOf(second, version);
    await this.#prove();
    const isSame = second.digest === walk.digest && !second.hasUnkeyed;
    return isSame && second.unreadable.length === 0
      ? this.#outcomes.ofComplete(second, version)
      : this.#outcomes.ofShort(second, version);
  }

  #newWalk(version: Version, { again }: { readonly again: boolean }): ItemWalk {
    const { client, mapper, config } = this.#context;
    // Walks of different page sizes do not share a fault at the border of two pages.
    const size = again ? Math.ceil(config.page_size * 0.7) : config.page_size;
    return new ItemWalk({
      ...{ client, mapper, dataset: this.#dataset, version, size, again },
      mode: this.#sweepMode(version, again),
      resume: again ? undefined : this.#resume(version),
    });
  }

  /**
   * A version that was edited in place a short time ago may be shown as it was, with as many items.
   * A page of a version that is new may lack some although its answer counts all, so that only the
   * whole walk proves deletions; at the first read there are none to prove. One without a count
   * marks rows only if all walks of some time have shown the same items, and one with an item that
   * could not be delivered only when it can.
   */
  #sweepMode({ items, isSettled, mayBeEdited }: Version, again: boolean): SweepMode {
    const { entry } = this.#state;
    if (!isSettled && (mayBeEdited || !entry)) return "none";
    const isDoubted = entry?.seen !== undefined || entry?.unreadable !== undefined;
    return items === undefined || !isSettled || again || isDoubted ? "end" : "pages";
  }

  #resume(version: Version): WalkPosition | undefined {
    const { open } = this.#state;
    const { data } = openShape.safeParse(this.#context.fullRefresh ? undefined : open);
    if (version.fingerprint === undefined || data?.reading !== readingOf(version)) return undefined;
    return data;
  }

  /** The pages, each with the checkpoint from which the walk can be resumed. */
  async *#batchesOf(walk: ItemWalk, version: Version): AsyncGenerator<StreamBatch> {
    const { signal } = this.#context;
    let proven: WalkPosition | undefined;
    for await (const batch of walk.batches()) {
      signal.throwIfAborted();
      if (await this.#isVouchedFor()) proven = walk.position;
      const position = proven && { page: { ...proven.page }, shown: { ...proven.shown } };
      yield { ...batch, checkpoint: { reading: readingOf(version) ?? null, ...position } };
    }
  }

  /** Whether all that was read so far is known not to be redacted. */
  async #isVouchedFor(): Promise<boolean> {
    if (!this.#context.guard.isNeeded) return true;
    if (Date.now() - this.#lastProof < proofEveryMs) return false;
    await this.#prove();
    return true;
  }

  async #prove(): Promise<void> {
    const { access, guard } = this.#context;
    guard.check(await access.prove());
    this.#lastProof = Date.now();
  }
}

/**
 * What a walk reads. One over a version that was not settled cannot be resumed when it is: its
 * pages may have been old, and marked nothing.
 */
function readingOf({ fingerprint, isSettled }: Version): string | undefined {
  return fingerprint === undefined || isSettled ? fingerprint : `${fingerprint} unsettled`;
}

function isSame(now: Version, before: Version): boolean {
  return now.fingerprint === before.fingerprint && now.hash === before.hash;
}

const openShape = z.object({
  reading: z.string(),
  page: z.object({ offset: z.int(), below: z.string() }),
  shown: z.object({ below: z.string(), keys: z.int() }),
});
