import type { Checkpoint, ReadOptions, StreamBatch } from "../../../core/source.ts";
import { HighWaterMark } from "../../../engine/high-water-mark.ts";
import { SweepTracker } from "../../../engine/sweep-tracker.ts";
import type { PageMapper } from "../../../http/paging/page-mapper.ts";
import { firstPresent } from "../../../json/row-mapper.ts";
import { emptyMembers, members } from "../../../json/text-scanner.ts";
import type { CountlyConfig } from "../client/config.ts";
import { toInstant } from "../rows/to-instant.ts";
import { toCheckpoint, type UserCheckpoint, type UserReadPlan } from "./user-checkpoint.ts";

interface UserBatchesOptions extends Pick<ReadOptions, "startedAt" | "log"> {
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
}

/**
 * Memory that a row's many short columns take beside its text. Counting only the text would let
 * too many rows wait for the writer.
 */
const rowOverheadBytes = 2048;

/** The users of a page. */
interface UserTexts {
  /** Documents, as JSON texts. */
  readonly texts: readonly string[];
  readonly bytes: number;
}

/** Turns one read of an app's users into batches: rows, sweeps and checkpoints. */
export class UserBatches {
  readonly #options: UserBatchesOptions;
  #tracker: SweepTracker;
  readonly #mark: HighWaterMark;
  #nextMark: string | undefined;
  #count: number;
  #pages = 0;
  /** The latest checkpoint, as JSON text. */
  #savedText: string;

  constructor(options: UserBatchesOptions) {
    const { app, plan, config, startedAt, rereads = false } = options;
    this.#options = options;
    this.#savedText = JSON.stringify(toCheckpoint(options.saved));
    this.#tracker = new SweepTracker({
      key: "user_id",
      where: { app_id: app },
      resume: plan.resume,
      again: rereads,
    });
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
   * The batch of a page. With `read`, which names the endpoint, its checkpoint lets an interrupted
   * read resume after the page.
   */
  pageBatch(
    { texts, bytes }: UserTexts,
    read?: { readonly endpointName: string | undefined },
  ): StreamBatch {
    const { mapper, app, startedAt, plan } = this.#options;
    this.#pages += 1;
    const { rows, rejected } = mapper.map(
      { rows: texts, number: this.#pages },
      { app_id: app, processed_at: startedAt.toISOString() },
    );
    const sweep = this.#tracker.addPage(rows.map((row) => String(row["user_id"])));
    this.#count += rows.length;
    return {
      rows,
      rejected: rejected.map((entry) => ({ ...entry, where: { app_id: app } })),
      bytes: bytes + rows.length * rowOverheadBytes,
      ...(sweep && plan.full ? { sweep } : {}),
      ...(read === undefined ? {} : this.#resumeCheckpoint(read.endpointName)),
    };
  }

  /** Whether a read of all users found none. */
  get foundNone(): boolean {
    return this.#options.plan.full && this.#count === 0;
  }

  /** The last batch of a read that reached its end. */
  endBatch(endpointName?: string): StreamBatch {
    const { plan, saved } = this.#options;
    const { full, floor, began } = plan;
    const checkpoint = toCheckpoint({
      since: this.#nextMark,
      full: full ? began : saved.full,
      users: full ? this.#count : Math.max(saved.users ?? 0, this.#count),
      floor,
      way: endpointName,
    });
    return {
      rows: [],
      bytes: 0,
      ...(full ? { sweep: this.#tracker.finish() } : {}),
      ...this.#ifChanged(checkpoint),
    };
  }

  /**
   * The last batch of a read at whose end none of its users exist any more. If it was to read all
   * users, those it did read are swept too.
   */
  emptiedBatch(endpointName?: string): StreamBatch {
    const { app, plan } = this.#options;
    if (plan.full) {
      this.#count = 0;
      this.#tracker = new SweepTracker({ key: "user_id", where: { app_id: app }, again: true });
    }
    return this.endBatch(endpointName);
  }

  /** The last batch of a read that found no users but could not prove it: nothing is swept. */
  unprovenBatch(): StreamBatch {
    const { app, saved, log } = this.#options;
    const { users = 0 } = saved;
    if (users > 0)
      log.warning(
        `app "${app}": the server lists no users, but had ${users}; nothing is marked as deleted`,
      );
    // With a count of 0, the next syncs do not try to prove it again.
    const checkpoint = toCheckpoint({ ...saved, users, failed: undefined });
    return { rows: [], bytes: 0, ...this.#ifChanged(checkpoint) };
  }

  /**
   * The checkpoint from which an interrupted read resumes. The first page of an incremental read
   * needs none: reading it again is as quick.
   */
  #resumeCheckpoint(endpointName: string | undefined): Pick<StreamBatch, "checkpoint"> {
    const { saved, plan } = this.#options;
    const { full, since, began, floor } = plan;
    const position = this.#tracker.resume;
    // An app that was empty no longer is, so the next read must prove it again if it finds none.
    const users = Math.max(saved.users ?? 0, this.#count);
    if (!position || (!full && this.#pages === 1))
      return saved.users === 0 ? this.#ifChanged(toCheckpoint({ ...saved, users })) : {};
    const walk = { full, since, began, next: this.#nextMark, ...position };
    const checkpoint = { ...saved, users, floor, way: endpointName, walk, failed: undefined };
    return this.#ifChanged(toCheckpoint(checkpoint));
  }

  #ifChanged(checkpoint: Checkpoint): Pick<StreamBatch, "checkpoint"> {
    const text = JSON.stringify(checkpoint);
    if (text === this.#savedText) return {};
    this.#savedText = text;
    return { checkpoint };
  }
}
