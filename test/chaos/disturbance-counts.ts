import { expect } from "vitest";

/** Tries without success that are no accident any more. */
const tooMany = 12;

/** How often each disturbance was tried, and how often it happened. */
export class Counted {
  readonly #tried = new Map<string, { tries: number; times: number }>();

  add(name: string, happened: boolean): void {
    const { tries, times } = this.#tried.get(name) ?? { tries: 0, times: 0 };
    this.#tried.set(name, { tries: tries + 1, times: times + Number(happened) });
  }

  /** Says how often each happened, and fails where one never does. */
  check(): void {
    const all = [...this.#tried].sort();
    for (const [name, { tries, times }] of all)
      process.stdout.write(`happened ${times} of ${tries} times: ${name}\n`);
    const never = all.filter(([, { tries, times }]) => times === 0 && tries >= tooMany);
    expect(never, "disturbances that never happen").toEqual([]);
  }
}
