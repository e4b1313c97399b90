import { join } from "node:path";
import { countlyProgram, startCountly } from "../services/countly.ts";
import { bareNode } from "../bare-node.ts";
import { explainMemory } from "../explain-usage.ts";
import { atMost, formatRate, under, formatInteger, type Scenario } from "../scenario.ts";
import { newSqlite } from "../target.ts";
import { countRequests } from "../worker.ts";

const mostMegabytes = 300;
/** Peaks that differ by less are the same. */
const sameWithin = 1.15;

/** The users of many apps: what memory it takes, by their number, and how little a second sync asks for. */
export const countly: Scenario = {
  name: "countly",
  async *run(context) {
    const apps = 20;
    const [few, many] = context.short ? [200, 1000] : [20_000, 50_000];
    const small = await syncs(apps, few);
    const large = await syncs(apps, many);
    const { seconds, cpuSeconds, peakMegabytes } = large.run;
    const ratio = peakMegabytes / small.run.peakMegabytes;
    const requests = [large.first, large.second].map(formatInteger).join(", then ");
    yield {
      scenario: `countly, ${apps} x ${formatInteger(many)} users`,
      measured: `${formatInteger(peakMegabytes)} MB, ${formatRate(apps * many, seconds)}, ${requests} requests`,
      floor: `${formatInteger(small.run.peakMegabytes)} MB with ${formatInteger(few)} each`,
      ratio,
      aims: [
        under(mostMegabytes, peakMegabytes, "MB"),
        atMost(sameWithin, ratio),
        atMost(3 * apps + 4, large.second, "requests the second time"),
      ],
      goes: explainMemory(large.run, await bareNode(context.folder)),
      detail: {
        ...{ seconds, peakMegabytes, cpuSeconds },
        ...{ first: large.first, second: large.second, fewPeakMegabytes: small.run.peakMegabytes },
      },
    };

    async function syncs(count: number, users: number) {
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
