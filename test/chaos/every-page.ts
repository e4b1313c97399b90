import { expect, test } from "vitest";
import { ChaosRun } from "./chaos-run.ts";
import type { DatabaseKind } from "./database-kind.ts";
import { outcomeOf } from "./disturbance.ts";
import { runScenario } from "./round.ts";
import type { ServiceKind } from "./service.ts";
import type { Storage } from "./storage.ts";

/** Declares tests that kill the program after one page, then two, and so on, until it completes. */
export function declareEveryPage<Where extends Storage>(
  serviceKinds: readonly ServiceKind[],
  databaseKind: () => DatabaseKind<Where>,
): void {
  test.each(serviceKinds.map((kind) => [kind.name, kind] as const))(
    "%s: killed after every page, it ends with the tables of a clean sync",
    { timeout: 300_000 },
    async (_name, kind) => {
      await runScenario(databaseKind(), { seed: 4, kind, pageSize: 60 }, async (setup) => {
        for (let pages = 1; ; pages += 1) {
          const running = new ChaosRun(setup).start();
          await Promise.race([setup.proxy.waitForResponses(pages), running.ended]);
          running.child.kill("SIGKILL");
          const outcome = outcomeOf(await running.ended);
          if (outcome === "completed" || outcome === "partial") break;
          expect(outcome).toBe("killed");
        }
      });
    },
  );
}
