import { afterAll, beforeAll, describe, test } from "vitest";
import type { Arena } from "./database-kind.ts";
import { declareEveryPage } from "./every-page.ts";
import { declareHistories } from "./random-histories.ts";
import { playRound } from "./round.ts";
import type { ServiceKind } from "./service.ts";
import { services } from "./services.ts";
import { Counted } from "./disturbance-counts.ts";
import { chaosSettings } from "./settings.ts";
import type { Storage } from "./storage.ts";

interface ChaosOptions<Where extends Storage> {
  readonly open: () => Promise<Arena<Where>>;
  /** What `npm test` is content with where every page takes a run of the program. */
  readonly few: readonly ServiceKind[];
}

/** Declares all chaos on one kind of database. */
export function declareChaos<Where extends Storage>(
  destination: Where["dialect"],
  { open, few }: ChaosOptions<Where>,
): void {
  const settings = chaosSettings();
  const isWanted = (settings.destination ?? destination) === destination;
  const isWhole = settings.only === "" && settings.rounds > 1;
  describe.skipIf(!isWanted)(`chaos on ${destination}`, () => {
    let opened: Arena<Where> | undefined;
    const arena = (): Arena<Where> => {
      if (!opened) throw new Error("there is an arena only while tests run");
      return opened;
    };
    beforeAll(async () => {
      opened = await open();
    });
    afterAll(() => opened?.[Symbol.asyncDispose]());

    if (settings.path === undefined) {
      const counted = new Counted();
      declareRounds(destination, { arena, counted });
      if (settings.isLong)
        test("what was to happen did", () => {
          counted.check();
        });
      if (isWhole) declareEveryPage(settings.isLong ? services : few, arena);
    }
    if (isWhole || settings.path !== undefined) declareHistories(arena, settings);
  });
}

/** What goes wrong in a round is told with the command that plays it again. */
function declareRounds<Where extends Storage>(
  destination: Where["dialect"],
  { arena, counted }: { readonly arena: () => Arena<Where>; readonly counted: Counted },
): void {
  const { rounds, seed: first, only, isLong } = chaosSettings();
  test.each(Array.from({ length: rounds }, (_, index) => first + index))(
    "round %i ends with the tables of a clean sync, and every run told the truth",
    { timeout: 300_000 },
    async (seed) => {
      const again = `npm run chaos -- --rounds 1 --seed ${seed} --destination ${destination}`;
      const story: string[] = [];
      const tell = (text: string): void => {
        story.push(text);
        if (isLong) process.stdout.write(`round ${seed} on ${destination}: ${text}\n`);
      };
      try {
        const count = counted.add.bind(counted);
        await playRound(arena(), { seed, only, slow: isLong, tell, count });
      } catch (error) {
        const why = `to play it again: ${again}\n${String(error)}`;
        if (isLong) process.stdout.write(`round ${seed} on ${destination} failed; ${why}\n`);
        throw new Error(`${story.join("\n")}\n${why}`, { cause: error });
      }
    },
  );
}
