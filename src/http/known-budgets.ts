import type { Budget } from "./budget.ts";

interface KnownBudget {
  readonly remaining: number;
  /** Milliseconds since 1970. */
  readonly resetsAt: number;
}

/** A budget of which nothing is left. */
interface UsedUpBudget {
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly resetsAt: number;
}

/** What a service still allows, by its latest responses. */
export class KnownBudgets {
  readonly #budgets = new Map<string, KnownBudget>();

  /**
   * Records what a response reports. Responses overtake each other: until its reset, a budget only
   * shrinks.
   */
  record({ name, remaining, resetMs }: Budget, now: number): void {
    const known = this.#budgets.get(name);
    if (known && known.resetsAt > now && known.remaining < remaining) return;
    this.#budgets.set(name, { remaining, resetsAt: now + resetMs });
  }

  /** How many more requests every budget allows; Infinity if none is known. */
  remaining(now: number): number {
    return Math.min(...this.#current(now).map(([, { remaining }]) => remaining));
  }

  /** Of the budgets that are used up, the one that resets last. */
  usedUp(now: number): UsedUpBudget | undefined {
    return this.#current(now)
      .filter(([, { remaining }]) => remaining <= 0)
      .map(([name, { resetsAt }]) => ({ name, resetsAt }))
      .sort((a, b) => a.resetsAt - b.resetsAt)
      .at(-1);
  }

  #current(now: number): (readonly [string, KnownBudget])[] {
    return [...this.#budgets].filter(([, { resetsAt }]) => resetsAt > now);
  }
}
