import { HighWaterMark } from "../../../engine/high-water-mark.ts";
import { firstPresent } from "../../../json/row-mapper.ts";
import { members, noMembers } from "../../../json/text-scanner.ts";
import type { Batch, Checkpoint, ReadOptions } from "../../../core/source.ts";
import { Walk } from "../../../engine/sweep-tracker.ts";
import type { PageReader } from "../../../http/paging/page-mapper.ts";
import type { CountlyConfig } from "../client/config.ts";
import { instantOf } from "../rows/to-instant.ts";
import { toCheckpoint, type UserCheckpoint, type WalkPlan } from "./user-checkpoint.ts";

type Part = Omit<Batch, "stream">;

export interface AppReadingOptions extends Pick<ReadOptions, "startedAt" | "log"> {
  /** The id of the app. */
  readonly app: string;
  readonly config: CountlyConfig;
  readonly plan: WalkPlan;
  readonly saved: UserCheckpoint;
  readonly pages: PageReader;
  /** Members that hold the instant by which the server picks users, the first that is present. */
  readonly cursor: readonly string[];
  /** Whether the same users were walked through before in this sync. */
  readonly again?: boolean;
}

/** What a row of many short columns takes in memory beside its text, which alone would let far too many wait for the writer. */
const rowBytes = 2048;

/** Users of a page, as JSON. */
export interface ReadUsers {
  readonly texts: readonly string[];
  readonly bytes: number;
}

/** One walk through the users of an app on its way into the destination: rows, what is gone, and the checkpoint that they earn. */
export class AppReading {
  readonly #options: AppReadingOptions;
  #walk: Walk;
  readonly #mark: HighWaterMark;
  #next: string | undefined;
  #shown: number;
  #pages = 0;
  /** What stands in the destination, as text. */
  #written: string;

  constructor(options: AppReadingOptions) {
    const { app, plan, config, startedAt, again = false } = options;
    this.#options = options;
    this.#written = JSON.stringify(toCheckpoint(options.saved));
    this.#walk = new Walk({ key: "user_id", where: { app_id: app }, resume: plan.resume, again });
    this.#mark = new HighWaterMark(plan.next === undefined ? undefined : { since: plan.next }, {
      order: "any",
      lookbackMs: config.lookback_minutes * 60_000,
      startedAt,
    });
    this.#next = plan.next;
    this.#shown = plan.resume?.keys ?? 0;
  }

  /** Whether the walk earns a later mark than the one that there was. */
  get moves(): boolean {
    return this.#next !== this.#options.saved.since;
  }

  /** Lets the mark follow these users: whoever is active after they were shown is found by the next walk. */
  mark(users: readonly string[]): void {
    const cursors = users.map((text) =>
      instantOf(firstPresent(members(text) ?? noMembers, this.#options.cursor)),
    );
    this.#mark.page(cursors);
    const since = this.#mark.end()?.["since"];
    if (typeof since === "string") this.#next = since;
  }

  /** The rows of a page; where it is said how they were read, an interrupted walk goes on below them. */
  page({ texts, bytes }: ReadUsers, read?: { readonly way: string | undefined }): Part {
    const { pages, app, startedAt, plan } = this.#options;
    this.#pages += 1;
    const { rows, rejected } = pages.read(
      { rows: texts, number: this.#pages },
      { app_id: app, processed_at: startedAt.toISOString() },
    );
    const sweep = this.#walk.page(rows.map((row) => String(row["user_id"])));
    this.#shown += rows.length;
    return {
      rows,
      rejected: rejected.map((entry) => ({ ...entry, where: { app_id: app } })),
      bytes: bytes + rows.length * rowBytes,
      ...(sweep && plan.full ? { sweep } : {}),
      ...(read === undefined ? {} : this.#interrupted(read.way)),
    };
  }

  /** Whether a walk that should have shown all users has shown none. */
  get isEmpty(): boolean {
    return this.#options.plan.full && this.#shown === 0;
  }

  /** The end of a walk that has shown all that was asked for. */
  end(way?: string): Part {
    const { plan, saved } = this.#options;
    const { full, floor, began } = plan;
    const checkpoint = toCheckpoint({
      since: this.#next,
      full: full ? began : saved.full,
      users: full ? this.#shown : Math.max(saved.users ?? 0, this.#shown),
      floor,
      way,
    });
    return {
      rows: [],
      bytes: 0,
      ...(full ? { sweep: this.#walk.end() } : {}),
      ...this.#earned(checkpoint),
    };
  }

  /** The end of a walk after which there is none of those that were asked for: where these are all users, whoever was shown is gone as well. */
  emptied(way?: string): Part {
    const { app, plan } = this.#options;
    if (plan.full) {
      this.#shown = 0;
      this.#walk = new Walk({ key: "user_id", where: { app_id: app }, again: true });
    }
    return this.end(way);
  }

  /** The end of a walk that has shown nobody, which is no proof that there is nobody: nothing is taken for gone. */
  unproven(): Part {
    const { app, saved, log } = this.#options;
    const { users = 0 } = saved;
    if (users > 0)
      log.warning(
        `app "${app}": the server shows no users, where it had ${users}; nothing is taken for deleted`,
      );
    // Whether there is anybody is not asked again each time.
    const checkpoint = toCheckpoint({ ...saved, users, failed: undefined });
    return { rows: [], bytes: 0, ...this.#earned(checkpoint) };
  }

  /** Where an interrupted walk goes on. A first page of what is new is read again as quickly. */
  #interrupted(way: string | undefined): Pick<Part, "checkpoint"> {
    const { saved, plan } = this.#options;
    const { full, since, began, floor } = plan;
    const shown = this.#walk.resume;
    // An app that had none has some once a page is written: whether they are gone is asked again.
    const users = Math.max(saved.users ?? 0, this.#shown);
    if (!shown || (!full && this.#pages === 1))
      return saved.users === 0 ? this.#earned(toCheckpoint({ ...saved, users })) : {};
    const walk = { full, since, began, next: this.#next, ...shown };
    return this.#earned(toCheckpoint({ ...saved, users, floor, way, walk, failed: undefined }));
  }

  #earned(checkpoint: Checkpoint): Pick<Part, "checkpoint"> {
    const text = JSON.stringify(checkpoint);
    if (text === this.#written) return {};
    this.#written = text;
    return { checkpoint };
  }
}
