import { join } from "node:path";
import { explainMemory } from "../explain-usage.ts";
import { bareNode } from "../program.ts";
import { atMost, formatInteger, formatRate, type Scenario, under } from "../scenario.ts";
import { countlyProgram, startCountly } from "../services/countly.ts";
import { newSqlite } from "../target.ts";
import { countRequests } from "../worker.ts";

const maxMegabytes = 300;
/** Peaks that differ by less than this factor count as equal. */
const tolerance = 1.15;

/** Users of many apps: memory by number of users, and requests of a second sync. */
export const countly: Scenario = {
  name: "countly",
  async *run(context) {
    const apps = 20;
    const [few, many] = context.short ? [200, 1000] : [20_000, 50_000];
    const small = await syncTwice(apps, few);
    const large = await syncTwice(apps, many);
    const { seconds, cpuSeconds, peakMegabytes } = large.run;
    const ratio = peakMegabytes / small.run.peakMegabytes;
    const requests = [large.first, large.second].map(formatInteger).join(", then ");
    yield {
      scenario: `countly, ${apps} x ${formatInteger(many)} users`,
      measured: `${formatInteger(peakMegabytes)} MB, ${formatRate(apps * many, seconds)}, ${requests} requests`,
      floor: `${formatInteger(small.run.peakMegabytes)} MB with ${formatInteger(few)} each`,
      ratio,
      aims: [
        under(maxMegabytes, peakMegabytes, "MB"),
        atMost(tolerance, ratio),
        atMost(3 * apps + 4, large.second, "requests the second time"),
      ],
      explanation: explainMemory(large.run, await bareNode(context.folder)),
      detail: {
        ...{ seconds, peakMegabytes, cpuSeconds },
        ...{ first: large.first, second: large.second, fewPeakMegabytes: small.run.peakMegabytes },
      },
    };

    async function syncTwice(count: number, users: number) {
      await using server = await startCountly({ apps: count, users });
      const { destination } = newSqlite(join(context.folder, `countly-${users}`));
      const sync = await countlyProgram(context, { server, destination });
      const run = await sync();
      const first = await countRequests(server);
      await sync();
      return { run, first, second: (await countRequests(server)) - first };
    }
  },
};
