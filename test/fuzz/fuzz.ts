import { writeSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ServiceKind } from "../chaos/service.ts";
import { Random } from "../support/random.ts";
import { runScenario } from "./scenario.ts";
import { fuzzSettings } from "./settings.ts";
import { startWatchdog, type Watchdog } from "./watchdog.ts";

/** The most memory of the process in MiB, that of the emulator and the tests included. */
const maxMemoryMb = 1024;

/** Declares the test of a source, whose services it takes in turn. */
export function declareFuzz(source: string, kinds: readonly ServiceKind[]): void {
  const { answers, seed: firstSeed, isFuzzCommand, source: only } = fuzzSettings();
  describe.skipIf(only !== "" && only !== source)(`${source} answers nonsense`, () => {
    let watchdog: Watchdog | undefined;
    const { random: realRandom } = Math;
    beforeAll(() => {
      watchdog = startWatchdog();
      // Backoffs take their jitter from here: seeded, and short.
      const random = new Random(firstSeed);
      Math.random = () => random.fraction() / 50;
    });
    afterAll(async () => {
      Math.random = realRandom;
      await watchdog?.[Symbol.asyncDispose]();
    });

    test(
      "every sync ends in time, without a stack or the key, and deletes nothing that lives",
      { timeout: 10 * 3_600_000 },
      async () => {
        const problems: string[] = [];
        const statuses = new Map<number, number>();
        const totals = { scenarios: 0, answers: 0, garbled: 0 };
        const startedAt = performance.now();
        for (let seed = firstSeed; totals.garbled < answers; seed += 1) {
          const [kind] = kinds.slice(seed % kinds.length);
          if (!kind) throw new RangeError("there are no services");
          const repeat = `npm run fuzz -- --answers 1 --seed ${seed} --source ${source}`;
          watchdog?.watch(repeat);
          const result = await runScenario({ seed, kind });
          totals.scenarios += 1;
          totals.answers += result.answers;
          totals.garbled += result.garbled;
          for (const [status, count] of result.statuses)
            statuses.set(status, (statuses.get(status) ?? 0) + count);
          const found = result.problems.map((problem) => `${repeat}\n${problem}`);
          problems.push(...found);
          if (isFuzzCommand) for (const problem of found) writeSync(2, `${problem}\n`);
        }
        const seconds = Math.round((performance.now() - startedAt) / 1000);
        const peakMemoryMb = watchdog?.peakMemoryMb ?? 0;
        const ends = Object.fromEntries(statuses);
        const figures = JSON.stringify({ source, ...totals, ends, peakMemoryMb, seconds });
        if (isFuzzCommand) writeSync(2, `${figures}\n`);
        expect(problems).toEqual([]);
        expect(peakMemoryMb, "MiB").toBeLessThan(maxMemoryMb);
      },
    );
  });
}
