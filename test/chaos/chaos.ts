import { afterAll, beforeAll, describe, test } from "vitest";
import type { DatabaseKind } from "./database-kind.ts";
import { DisturbanceCounts } from "./disturbance-counts.ts";
import { declareEveryPage } from "./every-page.ts";
import { declareHistories } from "./random-histories.ts";
import { runRound } from "./round.ts";
import type { ServiceKind } from "./service.ts";
import { services } from "./services.ts";
import { chaosSettings } from "./settings.ts";
import type { Storage } from "./storage.ts";

interface ChaosOptions<Where extends Storage> {
  readonly open: () => Promise<DatabaseKind<Where>>;
  /** The services whose syncs the test suite kills after every page; `npm run chaos` takes all. */
  readonly everyPageServices: readonly ServiceKind[];
}

/** Declares all chaos tests on one kind of database. */
export function declareChaos<Where extends Storage>(
  destination: Where["dialect"],
  { open, everyPageServices }: ChaosOptions<Where>,
): void {
  const settings = chaosSettings();
  const { isChaosCommand } = settings;
  const isWanted = (settings.destination ?? destination) === destination;
  const isUnrestricted = settings.only === "" && settings.rounds > 1;
  describe.skipIf(!isWanted)(`chaos on ${destination}`, () => {
    let opened: DatabaseKind<Where> | undefined;
    const databaseKind = (): DatabaseKind<Where> => {
      if (!opened) throw new Error("the database is open only while tests run");
      return opened;
    };
    beforeAll(async () => {
      opened = await open();
    });
    afterAll(() => opened?.[Symbol.asyncDispose]());

    if (settings.path === undefined) {
      const counts = new DisturbanceCounts();
      declareRounds(destination, { databaseKind, counts });
      if (isChaosCommand)
        test("every disturbance that was tried often enough happened", () => {
          counts.check();
        });
      if (isUnrestricted)
        declareEveryPage(isChaosCommand ? services : everyPageServices, databaseKind);
    }
    if (isUnrestricted || settings.path !== undefined) declareHistories(databaseKind, settings);
  });
}

interface RoundsOptions<Where extends Storage> {
  readonly databaseKind: () => DatabaseKind<Where>;
  readonly counts: DisturbanceCounts;
}

/** A failure says what happened in the round, and the command that repeats it. */
function declareRounds<Where extends Storage>(
  destination: Where["dialect"],
  { databaseKind, counts }: RoundsOptions<Where>,
): void {
  const { rounds, seed: firstSeed, only, isChaosCommand } = chaosSettings();
  test.each(Array.from({ length: rounds }, (_, index) => firstSeed + index))(
    "round %i ends with the tables of a clean sync, and every run reports what happened",
    { timeout: 300_000 },
    async (seed) => {
      const command = `npm run chaos -- --rounds 1 --seed ${seed} --destination ${destination}`;
      const events: string[] = [];
      const report = (text: string): void => {
        events.push(text);
        if (isChaosCommand) process.stdout.write(`round ${seed} on ${destination}: ${text}\n`);
      };
      try {
        const count = counts.add.bind(counts);
        await runRound(databaseKind(), { seed, only, slow: isChaosCommand, report, count });
      } catch (error) {
        const reason = `to repeat it: ${command}\n${String(error)}`;
        if (isChaosCommand)
          process.stdout.write(`round ${seed} on ${destination} failed; ${reason}\n`);
        throw new Error(`${events.join("\n")}\n${reason}`, { cause: error });
      }
    },
  );
}
