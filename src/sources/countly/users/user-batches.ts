import { HighWaterMark } from "../../../engine/high-water-mark.ts";
import { firstPresent } from "../../../json/row-mapper.ts";
import { members, emptyMembers } from "../../../json/text-scanner.ts";
import type { Checkpoint, ReadOptions, StreamBatch } from "../../../core/source.ts";
import { SweepTracker } from "../../../engine/sweep-tracker.ts";
import type { PageMapper } from "../../../http/paging/page-mapper.ts";
import type { CountlyConfig } from "../client/config.ts";
import { toInstant } from "../rows/to-instant.ts";
import { toCheckpoint, type UserCheckpoint, type UserReadPlan } from "./user-checkpoint.ts";

export interface UserBatchesOptions extends Pick<ReadOptions, "startedAt" | "log"> {
  /** The id of the app. */
  readonly app: string;
  readonly config: CountlyConfig;
  readonly plan: UserReadPlan;
  readonly saved: UserCheckpoint;
  readonly mapper: PageMapper;
  /** Members that hold the instant by which the server picks users, the first that is present. */
  readonly cursorMembers: readonly string[];
  /** Whether the same users were walked through before in this sync. */
  readonly rereads?: boolean;
}

/** What a row of many short columns takes in memory beside its text, which alone would let far too many wait for the writer. */
const rowOverheadBytes = 2048;

/** Users of a page, as JSON. */
export interface UserTexts {
  readonly texts: readonly string[];
  readonly bytes: number;
}

/** One walk through the users of an app on its way into the destination: rows, what is gone, and the checkpoint that they earn. */
export class UserBatches {
  readonly #options: UserBatchesOptions;
  #tracker: SweepTracker;
  readonly #mark: HighWaterMark;
  #nextMark: string | undefined;
  #count: number;
  #pages = 0;
  /** What stands in the destination, as text. */
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

  /** Whether the walk earns a later mark than the one that there was. */
  get advancesMark(): boolean {
    return this.#nextMark !== this.#options.saved.since;
  }

  /** Lets the mark follow these users: whoever is active after they were shown is found by the next walk. */
  advanceMark(users: readonly string[]): void {
    const cursors = users.map((text) =>
      toInstant(firstPresent(members(text) ?? emptyMembers, this.#options.cursorMembers)),
    );
    this.#mark.page(cursors);
    const since = this.#mark.end()?.["since"];
    if (typeof since === "string") this.#nextMark = since;
  }

  /** The rows of a page; where it is said how they were read, an interrupted walk goes on below them. */
  page({ texts, bytes }: UserTexts, read?: { readonly way: string | undefined }): StreamBatch {
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
      ...(read === undefined ? {} : this.#resumeCheckpoint(read.way)),
    };
  }

  /** Whether a walk that should have shown all users has shown none. */
  get foundNone(): boolean {
    return this.#options.plan.full && this.#count === 0;
  }

  /** The end of a walk that has shown all that was asked for. */
  end(way?: string): StreamBatch {
    const { plan, saved } = this.#options;
    const { full, floor, began } = plan;
    const checkpoint = toCheckpoint({
      since: this.#nextMark,
      full: full ? began : saved.full,
      users: full ? this.#count : Math.max(saved.users ?? 0, this.#count),
      floor,
      way,
    });
    return {
      rows: [],
      bytes: 0,
      ...(full ? { sweep: this.#tracker.finish() } : {}),
      ...this.#ifChanged(checkpoint),
    };
  }

  /** The end of a walk after which there is none of those that were asked for: where these are all users, whoever was shown is gone as well. */
  emptiedBatch(way?: string): StreamBatch {
    const { app, plan } = this.#options;
    if (plan.full) {
      this.#count = 0;
      this.#tracker = new SweepTracker({ key: "user_id", where: { app_id: app }, again: true });
    }
    return this.end(way);
  }

  /** The end of a walk that has shown nobody, which is no proof that there is nobody: nothing is taken for gone. */
  unprovenBatch(): StreamBatch {
    const { app, saved, log } = this.#options;
    const { users = 0 } = saved;
    if (users > 0)
      log.warning(
        `app "${app}": the server shows no users, where it had ${users}; nothing is taken for deleted`,
      );
    // Whether there is anybody is not asked again each time.
    const checkpoint = toCheckpoint({ ...saved, users, failed: undefined });
    return { rows: [], bytes: 0, ...this.#ifChanged(checkpoint) };
  }

  /** Where an interrupted walk goes on. A first page of what is new is read again as quickly. */
  #resumeCheckpoint(way: string | undefined): Pick<StreamBatch, "checkpoint"> {
    const { saved, plan } = this.#options;
    const { full, since, began, floor } = plan;
    const shown = this.#tracker.resume;
    // An app that had none has some once a page is written: whether they are gone is asked again.
    const users = Math.max(saved.users ?? 0, this.#count);
    if (!shown || (!full && this.#pages === 1))
      return saved.users === 0 ? this.#ifChanged(toCheckpoint({ ...saved, users })) : {};
    const walk = { full, since, began, next: this.#nextMark, ...shown };
    return this.#ifChanged(toCheckpoint({ ...saved, users, floor, way, walk, failed: undefined }));
  }

  #ifChanged(checkpoint: Checkpoint): Pick<StreamBatch, "checkpoint"> {
    const text = JSON.stringify(checkpoint);
    if (text === this.#savedText) return {};
    this.#savedText = text;
    return { checkpoint };
  }
}
