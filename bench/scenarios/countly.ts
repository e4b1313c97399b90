import { join } from "node:path";
import { countlyProgram, startCountly } from "../services/countly.ts";
import { rate, whole, type Scenario } from "../scenario.ts";
import { newSqlite } from "../target.ts";
import { requestsTo } from "../worker.ts";

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
    const ratio = large.peakMegabytes / small.peakMegabytes;
    const requests = [large.first, large.second].map(whole).join(", then ");
    yield {
      scenario: `countly, ${apps} x ${whole(many)} users`,
      measured: `${whole(large.peakMegabytes)} MB, ${rate(apps * many, large.seconds)}, ${requests} requests`,
      floor: `${whole(small.peakMegabytes)} MB with ${whole(few)} each`,
      ratio,
      aim: `< ${mostMegabytes} MB, <= ${sameWithin}, second <= ${3 * apps + 4} requests`,
      met:
        large.peakMegabytes < mostMegabytes && ratio <= sameWithin && large.second <= 3 * apps + 4,
      timeGoes: "garbage that was not collected yet; what lives does not grow",
      detail: { ...large, fewPeakMegabytes: small.peakMegabytes },
    };

    async function syncs(count: number, users: number) {
      await using server = await startCountly({ apps: count, users });
      const { destination } = newSqlite(join(context.folder, `countly-${users}`));
      const sync = await countlyProgram(context, { server, destination });
      const { seconds, peakMegabytes } = await sync();
      const first = await requestsTo(server);
      await sync();
      return { seconds, peakMegabytes, first, second: (await requestsTo(server)) - first };
    }
  },
};
