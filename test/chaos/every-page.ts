import { expect, test } from "vitest";
import type { Arena } from "./database-kind.ts";
import { Bout } from "./chaos-run.ts";
import { outcomeOf } from "./disturbance.ts";
import { playWith } from "./round.ts";
import type { ServiceKind } from "./service.ts";
import type { Storage } from "./storage.ts";

/** Declares that the program may be killed after its first page, after two, and so on, until it ends by itself. */
export function declareEveryPage<Where extends Storage>(
  kinds: readonly ServiceKind[],
  arena: () => Arena<Where>,
): void {
  test.each(kinds.map((kind) => [kind.name, kind] as const))(
    "%s: killed after every page, it ends with the tables of a clean sync",
    { timeout: 300_000 },
    async (_name, kind) => {
      await playWith(arena(), { seed: 4, kind, pageSize: 60 }, async (place) => {
        for (let pages = 1; ; pages += 1) {
          const running = new Bout(place).start();
          await Promise.race([place.proxy.more(pages), running.ended]);
          running.child.kill("SIGKILL");
          const outcome = outcomeOf(await running.ended);
          if (outcome === "completed" || outcome === "partial") break;
          expect(outcome).toBe("killed");
        }
      });
    },
  );
}
