import type {
  ListedRun,
  RunAnswer,
  RunQuestion,
  RunRange,
  RunService,
} from "../../../../src/sources/wandb/listing/run-service.ts";
import type { Random } from "../../../support/random.ts";
import { instantOf } from "../../../../src/sources/wandb/listing/run-windows.ts";

/** How a service behaves, and how fast its runs change. */
export interface ServiceOptions {
  /** Runs at the beginning. */
  readonly size: number;
  /** Runs in a page at most. */
  readonly page: number;
  /** Changes while one request is answered. */
  readonly rate: number;
  /** The share of runs that begin in the same second as the one before. */
  readonly tieShare?: number;
  /** The share of runs that the key may not see; they are counted and take up room. */
  readonly hiddenShare?: number;
  /** Every fourth block of so many runs is hidden. */
  readonly hiddenBlock?: number;
  /** Every first answer to a longer question is empty and not the end. */
  readonly emptyPages?: boolean;
  readonly ignoresOrder?: boolean;
  readonly ignoresFilters?: boolean;
  /** The filter by creation time matches nothing. */
  readonly matchesNothing?: boolean;
}

interface Run {
  readonly id: string;
  /** Seconds since 1970. */
  readonly created: number;
  /** The same as fixed-width text. */
  readonly instant: string;
  readonly hidden: boolean;
  visible: boolean;
}

const start = Date.UTC(2026, 0) / 1000;

/**
 * A service with offset cursors whose runs begin, are deleted, come back and are tagged late while
 * every single request is answered. Runs of one second come in another order in each answer.
 */
export class ChangingService implements RunService {
  requests = 0;
  /** Runs that came or went since the last reset. */
  readonly disturbed = new Set<string>();
  readonly #runs: Run[] = [];
  readonly #random: Random;
  readonly #options: ServiceOptions;
  #now = start;
  #serial = 0;

  constructor(options: ServiceOptions, random: Random) {
    this.#options = options;
    this.#random = random;
    while (this.#runs.length < options.size) this.#begin();
  }

  get size(): number {
    return this.#runs.length;
  }

  /** Ids of the runs that the key can see. */
  visible(): string[] {
    return this.#runs.filter(({ visible, hidden }) => visible && !hidden).map(({ id }) => id);
  }

  /** Ids of the runs that are deleted or do not match. */
  absent(): string[] {
    return this.#runs.filter(({ visible }) => !visible).map(({ id }) => id);
  }

  /** One run begins, goes, comes back, or comes with an old date. */
  change(): void {
    const kind = this.#random.fraction();
    if (kind < 0.3) this.#begin();
    else if (kind < 0.65) this.#toggle(true);
    else if (kind < 0.92) this.#toggle(false);
    else this.#begin(start + Math.floor(this.#random.fraction() * (this.#now - start + 1)));
  }

  ask(question: RunQuestion): Promise<RunAnswer> {
    this.requests += 1;
    for (let left = this.#options.rate; left > 0; left -= 1)
      if (this.#random.fraction() < Math.min(1, left)) this.change();
    return Promise.resolve(this.#answer(question));
  }

  #answer(question: RunQuestion): RunAnswer {
    const { page, emptyPages = false } = this.#options;
    const { first = page, after, counts, newest } = question;
    const runs = this.#ordered(this.#matching(question));
    const limit = Math.min(first, page);
    const isEmpty = emptyPages && after === undefined && first > 1 && runs.length > limit / 2;
    const offset = Number(after ?? 0);
    const shown = isEmpty ? [] : runs.slice(offset, offset + limit);
    const next = isEmpty ? offset : offset + limit;
    return {
      runs: shown.filter(({ hidden }) => !hidden).map(toListedRun),
      hasNext: isEmpty || next < runs.length,
      cursor: String(next),
      counts: counts?.map((range) => this.#matching(range).length),
      newest: newest ? this.#newest() : undefined,
    };
  }

  /** The one page of the newest run, which may be hidden. */
  #newest(): string | undefined {
    const run = this.#ordered(this.#matching({})).at(-1);
    return run && !run.hidden ? run.instant : undefined;
  }

  #matching({ from, below, named, notNamed }: RunQuestion): Run[] {
    const { ignoresFilters = false, matchesNothing = false } = this.#options;
    const runs = this.#runs.filter(({ visible }) => visible);
    if (ignoresFilters) return runs;
    if (matchesNothing && (from !== undefined || below !== undefined)) return [];
    return runs.filter(
      (run) =>
        isWithin(run, { ...(from && { from }), ...(below && { below }) }) &&
        named?.includes(run.id) !== false &&
        notNamed?.includes(run.id) !== true,
    );
  }

  #ordered(runs: readonly Run[]): Run[] {
    const keyed = runs.map((run) => ({ run, tie: this.#random.fraction() }));
    const { ignoresOrder = false } = this.#options;
    keyed.sort((a, b) => (ignoresOrder ? 0 : a.run.created - b.run.created) || a.tie - b.tie);
    return keyed.map(({ run }) => run);
  }

  #begin(given?: number): void {
    const { tieShare = 0.3 } = this.#options;
    if (given === undefined && this.#random.fraction() >= tieShare)
      this.#now += 1 + Math.floor(this.#random.fraction() * 50);
    const id = `r${this.#serial++}`;
    const created = given ?? this.#now;
    const instant = instantOf(created * 1000);
    this.#runs.push({ id, created, instant, hidden: this.#isHidden(), visible: true });
    this.disturbed.add(id);
  }

  #isHidden(): boolean {
    const { hiddenShare = 0, hiddenBlock } = this.#options;
    if (hiddenBlock === undefined) return this.#random.fraction() < hiddenShare;
    return this.#serial % (4 * hiddenBlock) < hiddenBlock;
  }

  #toggle(visible: boolean): void {
    const candidates = this.#runs.filter((run) => run.visible === visible);
    const run = candidates[Math.floor(this.#random.fraction() * candidates.length)];
    if (!run) return;
    run.visible = !visible;
    this.disturbed.add(run.id);
  }
}

function isWithin({ instant }: Run, { from, below }: RunRange): boolean {
  return (from === undefined || instant >= from) && (below === undefined || instant < below);
}

function toListedRun({ id, instant }: Run): ListedRun {
  return {
    ...{ id, created: instant, lastSeen: undefined, isRunning: false, lineCount: undefined },
    ...{ fields: id, activity: id, isSettling: false },
  };
}
