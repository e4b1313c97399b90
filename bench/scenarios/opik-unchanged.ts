import { join } from "node:path";
import { explainTime } from "../explain-usage.ts";
import { atMost, formatInteger, type Scenario } from "../scenario.ts";
import { opikProgram, startOpik } from "../services/opik.ts";
import { newSqlite } from "../target.ts";
import { countRequests } from "../worker.ts";

/** Two lists, a look for permissions, and two proofs of the login. */
const otherRequests = 5;

/** A workspace of many datasets in which nothing has changed since the last sync. */
export const opikUnchanged: Scenario = {
  name: "opik-unchanged",
  async *run(context) {
    const datasets = context.short ? 200 : 1000;
    await using server = await startOpik({ datasets, itemsPerDataset: 10, ids: "descending" });
    const { destination } = newSqlite(join(context.folder, "opik-unchanged"));
    const sync = await opikProgram(context, { server, destination });
    await sync();
    const before = await countRequests(server);
    const run = await sync();
    const requests = (await countRequests(server)) - before;
    const most = datasets + otherRequests;
    yield {
      scenario: `opik-unchanged, ${formatInteger(datasets)} datasets`,
      measured: `${run.seconds.toFixed(2)} s, ${formatInteger(requests)} requests`,
      floor: `${formatInteger(datasets)} requests, one per dataset`,
      ratio: requests / datasets,
      aims: [atMost(most, requests, "requests")],
      explanation: explainTime({
        run,
        notes: [`${formatInteger(requests)} requests were sent`],
        remainder: "each dataset is asked for its version",
      }),
      detail: { seconds: run.seconds, cpuSeconds: run.cpuSeconds, requests, datasets },
    };
  },
};
