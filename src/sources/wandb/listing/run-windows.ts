import { fromEpochMs } from "../../../core/timestamp.ts";
import type { ProvenFilters } from "./proven-filters.ts";
import { UnprovenError, type RunAnswer, type RunQuestion } from "./run-service.ts";
import { isWithin, type ShownRuns } from "./shown-runs.ts";

/** A range of creation times, in milliseconds since 1970: `from` inclusive, `below` exclusive. */
interface Window {
  readonly from: number;
  readonly below: number;
}

/** An answer with runs, or the last one. */
interface FollowedAnswer extends RunAnswer {
  /** Whether pages without runs precede it, which may hide runs that moved meanwhile. */
  readonly wasFollowed: boolean;
}

const dayMs = 86_400_000;

/** Pages without a run that are followed at most. */
const maxEmptyPages = 1000;

/** Lists ranges of creation times, halved until one answer holds each. Needs no order. */
export class RunWindows {
  readonly #service: ProvenFilters;
  readonly #shown: ShownRuns;

  constructor(service: ProvenFilters, shown: ShownRuns) {
    this.#service = service;
    this.#shown = shown;
  }

  /** Lists all runs. */
  async listAll(): Promise<void> {
    const below = Date.now() + dayMs;
    await this.#listOpen({ below: instantOf(0) });
    await this.list({ below });
    await this.#listOpen({ from: instantOf(below) });
  }

  /** Lists the runs that were created in a window. */
  async list({ from = 0, below = Date.now() + dayMs }: Partial<Window>): Promise<void> {
    const answer = await this.#ask({ from: instantOf(from), below: instantOf(below) });
    if (!answer.hasNext) return;
    if (below - from <= 1) {
      await this.listInstant(from);
      return;
    }
    const middle = Math.floor((from + below) / 2);
    await this.list({ from, below: middle });
    await this.list({ from: middle, below });
  }

  /**
   * Lists all runs of one millisecond, whatever their number: what was shown is left out of the
   * next question, until nothing is left.
   */
  async listInstant(ms: number): Promise<void> {
    const range = { from: instantOf(ms), below: instantOf(ms + 1) };
    for (;;) {
      const notNamed = this.#shown.within(range).map(({ id }) => id);
      const { hasNext, runs } = await this.untilRuns({ ...range, notNamed });
      const before = this.#shown.byId.size;
      this.#take(runs, range);
      if (!hasNext) return;
      if (this.#shown.byId.size === before)
        throw new UnprovenError("the service shows runs again that it was asked to leave out");
    }
  }

  /** Follows pages without runs by their cursor, the only use of one. */
  async untilRuns(question: RunQuestion, first?: RunAnswer): Promise<FollowedAnswer> {
    let answer = first ?? (await this.#service.ask(question));
    for (let pages = 0; answer.runs.length === 0 && answer.hasNext; pages += 1) {
      const { cursor } = answer;
      if (cursor === undefined || cursor === question.after || pages === maxEmptyPages)
        throw new UnprovenError("the service's cursor does not advance");
      question = { ...question, after: cursor };
      answer = await this.#service.ask(question);
    }
    return { ...answer, wasFollowed: question.after !== undefined };
  }

  async #listOpen(range: Pick<RunQuestion, "from" | "below">): Promise<void> {
    const { hasNext } = await this.#ask(range);
    if (hasNext) throw new UnprovenError("too many runs have an impossible creation time");
  }

  async #ask(range: Pick<RunQuestion, "from" | "below">): Promise<RunAnswer> {
    const answer = await this.#service.ask(range);
    this.#take(answer.runs, range);
    return answer;
  }

  #take(runs: RunAnswer["runs"], range: Pick<RunQuestion, "from" | "below">): void {
    if (!runs.every((run) => isWithin(run, range))) throw ignoredFilter();
    this.#shown.add(runs);
  }
}

/** An instant as fixed-width text. */
export function instantOf(ms: number): string {
  return fromEpochMs(ms) ?? "";
}

/** The filter by creation time does not hold. */
export function ignoredFilter(): UnprovenError {
  return new UnprovenError("the service ignores the filter by creation time");
}
