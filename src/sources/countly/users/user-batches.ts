import { rowOverheadBytes, type UserTexts } from "./user-texts.ts";
import { plainText } from "../../../core/schema.ts";
import type {
  Checkpoint,
  ReadOptions,
  Rejected,
  StreamBatch,
  Sweep,
} from "../../../core/source.ts";
import { HighWaterMark } from "../../../engine/high-water-mark.ts";
import { UnbelievedSweeps } from "../../../engine/unbelieved-sweeps.ts";
import {
  isMassDeletion,
  refusalOf,
  type MassDeletionError,
} from "../../../engine/mass-deletion.ts";
import { SweepTracker } from "../../../engine/sweep-tracker.ts";
import type { PageMapper } from "../../../http/paging/page-mapper.ts";
import { firstPresent } from "../../../json/row-mapper.ts";
import { emptyMembers, members } from "../../../json/text-scanner.ts";
import type { CountlyConfig } from "../client/config.ts";
import { toInstant } from "../rows/to-instant.ts";
import { toCheckpoint, type UserCheckpoint, type UserReadPlan } from "./user-checkpoint.ts";

interface UserBatchesOptions extends Pick<ReadOptions, "startedAt" | "allowMassDeletion" | "log"> {
  /** Id of the app. */
  readonly app: string;
  readonly config: CountlyConfig;
  readonly plan: UserReadPlan;
  readonly saved: UserCheckpoint;
  readonly mapper: PageMapper;
  /** Members with the instant by which the server selects users; the first one present is used. */
  readonly cursorMembers: readonly string[];
  /** Whether this sync has read the same users before. */
  readonly rereads?: boolean;
  /** Whether nothing is marked as deleted in this sync. */
  readonly isRefused: boolean;
  /** Called if far fewer users are listed than before, so that none is marked. */
  readonly refuse: (refusal: MassDeletionError) => void;
}

/** Turns one read of an app's users into batches: rows, sweeps and checkpoints. */
export class UserBatches {
  readonly #options: UserBatchesOptions;
  #tracker: SweepTracker;
  readonly #sweeps: UnbelievedSweeps;
  /** Whether sweeps were lost when the read was interrupted. */
  readonly #isUnswept: boolean;
  readonly #mark: HighWaterMark;
  #nextMark: string | undefined;
  #count: number;
  #pages = 0;
  #savedText: string;

  constructor(options: UserBatchesOptions) {
    const { app, plan, saved, config, startedAt, rereads = false } = options;
    this.#options = options;
    this.#savedText = JSON.stringify(toCheckpoint(options.saved));
    this.#tracker = new SweepTracker({
      key: "user_id",
      where: { app_id: app },
      resume: plan.resume,
      again: rereads,
    });
    const { allowMassDeletion = false } = options;
    this.#sweeps = new UnbelievedSweeps(allowMassDeletion ? 0 : (saved.users ?? 0));
    const startsOver = plan.full && plan.resume === undefined;
    this.#isUnswept = !startsOver && saved.unswept === true;
    this.#mark = new HighWaterMark(plan.next === undefined ? undefined : { since: plan.next }, {
      order: "any",
      lookbackMs: config.lookback_minutes * 60_000,
      startedAt,
    });
    this.#nextMark = plan.next;
    this.#count = plan.resume?.keys ?? 0;
  }

  /** Whether the read earns a later high-water mark than the saved one. */
  get advancesMark(): boolean {
    return this.#nextMark !== this.#options.saved.since;
  }

  /** Whether only a read of all users shows what is there: sweeps were lost, or one had no id. */
  get mustReadAll(): boolean {
    return this.#isUnswept || this.#tracker.isIncomplete;
  }

  /** Advances the mark over these users. The next read finds users that are active after this. */
  advanceMark(users: readonly string[]): void {
    const cursors = users.map((text) =>
      toInstant(firstPresent(members(text) ?? emptyMembers, this.#options.cursorMembers)),
    );
    this.#mark.page(cursors);
    const since = this.#mark.end()?.["since"];
    if (typeof since === "string") this.#nextMark = since;
  }

  /**
   * The batches of a page. With `read`, which names the endpoint, the last one's checkpoint lets an
   * interrupted read resume after the page.
   */
  *page(
    { texts, rejected: foreign = [], bytes, held }: UserTexts,
    read?: { readonly endpointName: string | undefined },
  ): Generator<StreamBatch, void> {
    const { mapper, app, startedAt, plan, saved, isRefused } = this.#options;
    this.#pages += 1;
    const { rows, rejected, unkeyed } = mapper.map(
      { rows: texts, number: this.#pages },
      { app_id: app, processed_at: startedAt.toISOString() },
    );
    // What has no id may be any of the users.
    if (unkeyed > 0) this.#tracker.markIncomplete();
    const sweep = this.#tracker.addPage(rows.map((row) => plainText(row["user_id"])));
    this.#count += rows.length;
    const sweeps = sweep && plan.full && !isRefused ? this.#sweeps.add(sweep, this.#count) : [];
    yield* sweepBatches(sweeps.slice(0, -1));
    const [last] = sweeps.slice(-1);
    yield {
      rows,
      rejected: [...rejected.map((entry, at) => locate(entry, app, at < unkeyed)), ...foreign],
      bytes: bytes + rows.length * rowOverheadBytes,
      held,
      ...(last ? { sweep: last } : {}),
      // However this read ends, the next one covers all users.
      ...(unkeyed > 0 ? this.#ifChanged(toCheckpoint({ ...saved, unswept: true })) : {}),
      ...(read === undefined ? {} : this.#resumeCheckpoint(read.endpointName)),
    };
  }

  /** Whether a read of all users found none. */
  get foundNone(): boolean {
    return this.#options.plan.full && this.#count === 0;
  }

  /** The last batches of a read that reached its end. */
  *end(endpointName?: string): Generator<StreamBatch, void> {
    const { plan, saved, isRefused } = this.#options;
    const { full, floor, began } = plan;
    const refusal = this.#refusal();
    if (refusal) this.#options.refuse(refusal);
    const isBelieved = full && !refusal && !isRefused && !this.#tracker.isIncomplete;
    if (isBelieved) yield* sweepBatches(this.#sweeps.release());
    const { users = 0 } = saved;
    const checkpoint = toCheckpoint({
      since: this.#nextMark,
      full: isBelieved ? began : (saved.full ?? (full ? began : undefined)),
      users: isBelieved ? this.#count : Math.max(users, this.#count),
      floor,
      way: endpointName,
      unswept: (full && !isBelieved) || this.mustReadAll ? true : undefined,
    });
    yield {
      rows: [],
      bytes: 0,
      ...(isBelieved ? { sweep: this.#tracker.finish() } : {}),
      ...this.#ifChanged(checkpoint),
    };
  }

  /** Set if a read of all users has found far fewer than the last one. */
  #refusal(): MassDeletionError | undefined {
    const { app, plan, saved } = this.#options;
    if (!plan.full) return undefined;
    const sizes = { believed: saved.users ?? 0, shown: this.#count };
    return refusalOf({ where: `app "${app}"`, noun: "users", ...sizes }, this.#options);
  }

  /**
   * The last batches of a read at whose end none of its users exist any more. If it was to read all
   * users, those it did read are swept too.
   */
  endEmptied(endpointName?: string): Iterable<StreamBatch> {
    const { app, plan } = this.#options;
    if (plan.full) {
      this.#count = 0;
      this.#tracker = new SweepTracker({ key: "user_id", where: { app_id: app }, again: true });
    }
    return this.end(endpointName);
  }

  /**
   * The last batches of a read that found no users but could not prove it: nothing is swept, unless
   * a person says that those users are gone.
   */
  *endUnproven(): Generator<StreamBatch, void> {
    const { app, saved, log } = this.#options;
    const { users = 0 } = saved;
    if (isMassDeletion({ believed: users, shown: 0 })) {
      yield* this.end(saved.way);
      return;
    }
    if (users > 0)
      log.warning(
        `app "${app}": the server lists no users, but had ${users}; nothing is marked as deleted`,
      );
    // With a count of 0, the next syncs do not try to prove it again.
    const unswept = this.mustReadAll ? true : undefined;
    const checkpoint = toCheckpoint({ ...saved, users, unswept, failed: undefined });
    yield { rows: [], bytes: 0, ...this.#ifChanged(checkpoint) };
  }

  /**
   * The checkpoint from which an interrupted read resumes. The first page of an incremental read
   * needs none: reading it again is as quick.
   */
  #resumeCheckpoint(endpointName: string | undefined): Pick<StreamBatch, "checkpoint"> {
    const { saved, plan, isRefused } = this.#options;
    const { full, since, began, floor } = plan;
    const position = this.#tracker.resume;
    // An app that was empty no longer is, so the next read must prove it again if it finds none.
    const users = Math.max(saved.users ?? 0, this.#count);
    if (!position || (!full && this.#pages === 1))
      return saved.users === 0 ? this.#ifChanged(toCheckpoint({ ...saved, users })) : {};
    const walk = { full, since, began, next: this.#nextMark, ...position };
    const isUnswept = this.#isUnswept || this.#sweeps.isHolding || (full && isRefused);
    const unswept = isUnswept ? true : undefined;
    const checkpoint = { ...saved, users, floor, way: endpointName, walk, unswept };
    return this.#ifChanged(toCheckpoint({ ...checkpoint, failed: undefined }));
  }

  #ifChanged(checkpoint: Checkpoint): Pick<StreamBatch, "checkpoint"> {
    const text = JSON.stringify(checkpoint);
    if (text === this.#savedText) return {};
    this.#savedText = text;
    return { checkpoint };
  }
}

/** Adds the entry's location. What has no id has a key of its own in each app. */
function locate(entry: Rejected, app: string, isUnkeyed: boolean): Rejected {
  const key = isUnkeyed ? JSON.stringify([app, entry.key]) : entry.key;
  return { ...entry, key, where: { app_id: app } };
}

function* sweepBatches(sweeps: Iterable<Sweep>): Generator<StreamBatch, void> {
  for (const sweep of sweeps) yield { rows: [], bytes: 0, sweep };
}
