import fc from "fast-check";
import { expect, test } from "vitest";
import { Random } from "../support/random.ts";
import { ChaosRun } from "./chaos-run.ts";
import type { DatabaseKind } from "./database-kind.ts";
import { outcomeOf } from "./disturbance.ts";
import { runScenario } from "./round.ts";
import { services } from "./services.ts";
import type { ChaosSettings } from "./settings.ts";
import type { Storage } from "./storage.ts";

/** The service's data changes; or a sync is killed after some pages, or runs to its end. */
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

/** Declares a test of random changes, page sizes and kills, which must end as a clean sync does. */
export function declareHistories<Where extends Storage>(
  databaseKind: () => DatabaseKind<Where>,
  { seed, path, histories }: ChaosSettings,
): void {
  test("whatever happens at the service, and whenever it is killed, it ends with the tables of a clean sync", async () => {
    const property = fc.asyncProperty(history, async ({ kind, seed, pageSize, steps }) => {
      await runScenario(databaseKind(), { kind, seed, pageSize }, async (setup) => {
        const { service, proxy } = setup;
        for (const step of steps) {
          if (step === "sync") {
            const { status, stderr } = await new ChaosRun(setup).startAndWait();
            expect(status, stderr).toBe(service.unstorableCount() > 0 ? 3 : 0);
          } else if ("change" in step) service.change(new Random(step.change));
          else {
            const running = new ChaosRun(setup).start();
            await Promise.race([proxy.waitForResponses(step.killAfter), running.ended]);
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
