import { countHiddenRuns } from "./hidden-runs.ts";
import { ProvenFilters } from "./proven-filters.ts";
import { ignoredFilter, instantOf, RunWindows } from "./run-windows.ts";
import {
  UnprovenError,
  type ListedRun,
  type RunAnswer,
  type RunQuestion,
  type RunService,
} from "./run-service.ts";
import { ShownRuns } from "./shown-runs.ts";
import { walkTwice } from "./walk-twice.ts";

/** All runs of a project, as far as the service shows them. */
export interface RunListing {
  readonly runs: ReadonlyMap<string, ListedRun>;
  /** Why runs may be missing; undefined if it is proven that none is. */
  readonly doubt: string | undefined;
  /** How many runs the service counts and does not show. */
  readonly hidden: number;
}

/**
 * Lists all runs of a project while it changes, and proves that every run that existed all the time
 * was shown.
 *
 * The service's cursors are offsets: a run that comes or goes shifts the rest, so no run is passed
 * by a cursor. Each page is asked for by the creation time of the last run shown. That never
 * changes, and an answer is one moment, so a run that exists all the time is in the answer whose
 * range it belongs to. If the order is not honoured, ranges are halved until one answer holds each;
 * if the filter does not work, two walks by cursor are united, and nothing is proven.
 *
 * @param knownHidden - Runs that an earlier listing found counted and not shown; only if there are
 *   more now are they looked for.
 */
export async function listRuns(service: RunService, knownHidden: number): Promise<RunListing> {
  const shown = new ShownRuns();
  const first = await service.ask({ newest: true, counts: [{}] });
  const total = first.counts?.[0];
  if (!first.hasNext) {
    shown.add(first.runs);
    const hidden = Math.max(0, (total ?? 0) - shown.byId.size);
    return { runs: shown.byId, doubt: undefined, hidden };
  }
  const filters = new ProvenFilters(service);
  try {
    await new KeysetListing(filters, shown).list(first);
    const excess = Math.max(0, (total ?? 0) - shown.byId.size);
    const hidden = excess > knownHidden ? await countHiddenRuns(filters, shown) : excess;
    return { runs: shown.byId, doubt: undefined, hidden };
  } catch (error) {
    if (!(error instanceof UnprovenError)) throw error;
    await walkTwice(service, shown);
    return { runs: shown.byId, doubt: error.message, hidden: 0 };
  }
}

/** Later than any run. */
const endOfTime = "9999-12-31T23:59:59.999999Z";

/** How often an instant may lack its runs although they exist: they may have just come back. */
const maxAlarms = 2;

/** The runs of the last instant shown: the next page must begin with that instant. */
interface Border {
  readonly instant: string;
  readonly ids: readonly string[];
}

class KeysetListing {
  readonly #service: ProvenFilters;
  readonly #shown: ShownRuns;
  readonly #windows: RunWindows;
  #border: Border | undefined;
  #from: string | undefined;
  #alarms = 0;

  constructor(service: ProvenFilters, shown: ShownRuns) {
    this.#service = service;
    this.#shown = shown;
    this.#windows = new RunWindows(service, shown);
  }

  async list(first: RunAnswer): Promise<void> {
    /** A page that ends after the newest run of the beginning is the last. */
    const end = first.newest ?? endOfTime;
    let answer = await this.#windows.untilRuns({}, first);
    while (!(await this.#take(answer, end))) {
      answer = await this.#windows.untilRuns(this.#question());
    }
  }

  #question(): RunQuestion {
    return this.#from === undefined ? {} : { from: this.#from };
  }

  /** Takes a page, and returns whether it was the last. */
  async #take(
    { runs, hasNext, wasFollowed }: Awaited<ReturnType<RunWindows["untilRuns"]>>,
    end: string,
  ): Promise<boolean> {
    const [oldest] = runs;
    if (await this.#lacksBorder(oldest)) return false;
    const from = this.#from;
    if (from !== undefined && runs.some(({ created }) => created < from)) throw ignoredFilter();
    if (!ascend(runs)) {
      await this.#windows.listAll();
      return true;
    }
    this.#shown.add(runs);
    if (wasFollowed) await this.#listSkipped(oldest);
    const last = runs.at(-1)?.created;
    if (!hasNext || last === undefined || last > end) return true;
    await this.#advance(runs, last);
    return false;
  }

  /** Whether a page lacks the instant that it must begin with, and is to be asked for again. */
  async #lacksBorder(oldest: ListedRun | undefined): Promise<boolean> {
    const border = this.#border;
    if (!border || oldest?.created === border.instant) return false;
    const { runs } = await this.#service.ask({ named: border.ids });
    if (runs.length === 0) return false;
    this.#alarms += 1;
    if (this.#alarms > maxAlarms)
      throw new UnprovenError("the service leaves runs out of the range they were created in");
    return true;
  }

  /** Lists what pages without runs have skipped: runs may have moved between two of them. */
  async #listSkipped(oldest: ListedRun | undefined): Promise<void> {
    await this.#windows.list({
      ...(this.#from === undefined ? {} : { from: Date.parse(this.#from) }),
      ...(oldest === undefined ? {} : { below: Date.parse(oldest.created) + 1 }),
    });
  }

  async #advance(runs: readonly ListedRun[], last: string): Promise<void> {
    if (last === this.#from) {
      // One instant fills the page.
      const ms = Date.parse(last);
      await this.#windows.listInstant(ms);
      this.#from = instantOf(ms + 1);
      this.#border = undefined;
      return;
    }
    const ids = runs.filter(({ created }) => created === last).map(({ id }) => id);
    this.#from = last;
    this.#border = { instant: last, ids };
  }
}

function ascend(runs: readonly ListedRun[]): boolean {
  return runs.every(({ created }, index) => created >= (runs[index - 1]?.created ?? ""));
}
