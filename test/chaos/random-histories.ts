import fc from "fast-check";
import { expect, test } from "vitest";
import type { Arena } from "./database-kind.ts";
import { Bout } from "./chaos-run.ts";
import { outcomeOf } from "./disturbance.ts";
import { Random } from "../support/random.ts";
import { playWith } from "./round.ts";
import { services } from "./services.ts";
import type { ChaosSettings } from "./settings.ts";
import type { Storage } from "./storage.ts";

/** The users of the service do something; or a sync is killed after so many pages, or runs to its end. */
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ change: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ killAfter: fc.integer({ min: 1, max: 30 }) }) },
  { weight: 1, arbitrary: fc.constant("sync" as const) },
);

const history = fc.record({
  kind: fc.constantFrom(...services),
  seed: fc.nat(),
  pageSize: fc.integer({ min: 5, max: 60 }),
  steps: fc.array(step, { maxLength: 8 }),
});

/** Declares that no history of a service, no size of pages and no kills lead to anything else than a clean sync does. */
export function declareHistories<Where extends Storage>(
  arena: () => Arena<Where>,
  { seed, path, histories }: ChaosSettings,
): void {
  test("whatever happens at the service, and whenever it is killed, it ends with the tables of a clean sync", async () => {
    const property = fc.asyncProperty(history, async ({ kind, seed, pageSize, steps }) => {
      await playWith(arena(), { kind, seed, pageSize }, async (place) => {
        const { service, proxy } = place;
        for (const step of steps) {
          if (step === "sync") {
            const { status, stderr } = await new Bout(place).run();
            expect(status, stderr).toBe(service.unstorable() > 0 ? 3 : 0);
          } else if ("change" in step) service.change(new Random(step.change));
          else {
            const running = new Bout(place).start();
            await Promise.race([proxy.more(step.killAfter), running.ended]);
            running.child.kill("SIGKILL");
            expect(["killed", "completed", "partial"]).toContain(outcomeOf(await running.ended));
          }
        }
      });
    });
    const replayed = path === undefined ? {} : { path };
    await fc.assert(property, { seed, numRuns: histories, ...replayed });
  }, 3_600_000);
}
