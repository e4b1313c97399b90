import { expect } from "vitest";

/** After this many tries, a disturbance that never happened is broken rather than unlucky. */
const maxFutileTries = 12;

/** How often each disturbance was tried, and how often it took effect. */
export class DisturbanceCounts {
  readonly #counts = new Map<string, { tries: number; times: number }>();

  add(name: string, happened: boolean): void {
    const { tries, times } = this.#counts.get(name) ?? { tries: 0, times: 0 };
    this.#counts.set(name, { tries: tries + 1, times: times + Number(happened) });
  }

  /** Prints the counts, and fails if a disturbance never happens. */
  check(): void {
    const all = [...this.#counts].sort();
    for (const [name, { tries, times }] of all)
      process.stdout.write(`happened ${times} of ${tries} times: ${name}\n`);
    const never = all.filter(([, { tries, times }]) => times === 0 && tries >= maxFutileTries);
    expect(never, "disturbances that never happen").toEqual([]);
  }
}
