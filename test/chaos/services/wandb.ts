import { z } from "zod";
import { WandbClock } from "../../../src/emulators/wandb/clock.ts";
import type { WandbFaults } from "../../../src/emulators/wandb/faults.ts";
import { WandbWorkspace } from "../../../src/emulators/wandb/workspace.ts";
import { expectedTables } from "../../sources/wandb/tables.ts";
import type { Random } from "../../support/random.ts";
import { startWandb } from "../../support/wandb.ts";
import { keyText } from "../service.ts";
import type { ChaosService, Keys, ServiceKind } from "../service.ts";
import { claimedRuns } from "./wandb-checkpoints.ts";
import { keptTag, WandbHistory } from "./wandb-history.ts";

const apiKey = "wandb-key-90a2ee";

/** W&B through GraphQL, often with many runs that were created in the same second. */
export const wandbGraphql: ServiceKind = { name: "W&B", start };

const keyColumns = { runs: ["run_id"], metrics: ["run_id", "step", "metric_name"] };

async function start(random: Random): Promise<ChaosService> {
  const clock = new WandbClock({
    seed: random.between(1, 2 ** 30),
    tickMs: random.pick([0, 1000, 90_000]),
  });
  const workspace = new WandbWorkspace({ clock });
  const history = new WandbHistory(workspace);
  history.begin(random);
  const faults: WandbFaults = { unstableTies: random.oneIn(2) };
  const filters = random.oneIn(3) ? { tags: keptTag } : {};
  const keys = new WandbKeys(history, "tags" in filters);
  const wandb = await startWandb({ workspace, faults, apiKey });
  return {
    source: "wandb",
    url: wandb.url,
    secret: apiKey,
    sourceConfig: {
      ...{ api_key: apiKey, entity: "acme", project: history.project.name, filters },
      listing_page_size: random.pick([2, 7, 1000]),
    },
    pageSizeSetting: "page_size",
    keyColumns,
    faults: {
      smallPages(random) {
        faults.pageSizeCap = random.between(1, 3);
        return () => delete faults.pageSizeCap;
      },
      brokenObject(random) {
        faults.brokenHistory = {
          run: random.pick(keys.runs),
          ...(random.oneIn(2) ? { status: 500 } : {}),
        };
        return () => delete faults.brokenHistory;
      },
    },
    firstPageRequest,
    emptyPage,
    change: (random) => {
      history.change(random);
    },
    forgetRemoved: () => {
      history.forgetRemoved();
    },
    storableKeys: () => keys.ofRuns(keys.runs),
    brokenKeys: () => {
      const { run } = faults.brokenHistory ?? {};
      return { metrics: keys.ofRuns(run === undefined ? [] : [run]).metrics };
    },
    unstorableCount: () => 0,
    keysReadBy: (checkpoints) => {
      const { runs, metrics } = claimedRuns(checkpoints, history.runs);
      return { runs: keys.ofRuns([...runs]).runs, metrics: keys.ofRuns([...metrics]).metrics };
    },
    [Symbol.asyncDispose]: () => wandb[Symbol.asyncDispose](),
  };
}

/** The keys of the rows that the runs should give. */
class WandbKeys {
  readonly #history: WandbHistory;
  readonly #onlyKept: boolean;

  constructor(history: WandbHistory, onlyKept: boolean) {
    this.#history = history;
    this.#onlyKept = onlyKept;
  }

  /** The ids of the runs that are copied. */
  get runs(): readonly string[] {
    const { runs } = this.#history;
    return runs
      .filter(({ fields }) => !this.#onlyKept || fields.tags.includes(keptTag))
      .map(({ name }) => name);
  }

  /** The keys of those of these runs that are copied, and of their metrics. */
  ofRuns(names: readonly string[]): Keys & Readonly<Record<keyof typeof keyColumns, string[]>> {
    const wanted = new Set(names.filter((name) => this.runs.includes(name)));
    const tables = expectedTables(this.#history.project);
    const keysOf = (table: keyof typeof keyColumns): string[] =>
      tables[table]
        .filter((row) => wanted.has(String(row["run_id"])))
        .map((row) => keyText(keyColumns[table].map((column) => row[column])));
    return { runs: keysOf("runs"), metrics: keysOf("metrics") };
  }
}

const graphqlRequest = z.looseObject({
  variables: z.looseObject({ after: z.string().nullable(), filters: z.string() }),
});

/** Without a cursor, and without the creation times and names from which a page goes on. */
const firstPageRequest: ChaosService["firstPageRequest"] = (request) => {
  const { data } = graphqlRequest.safeParse(JSON.parse(request.body || "{}"));
  if (!data || data.variables.filters.includes('"$in"')) return undefined;
  const filters = data.variables.filters.includes(keptTag) ? { tags: keptTag } : {};
  const variables = { ...data.variables, after: null, filters: JSON.stringify(filters) };
  return { ...request, body: JSON.stringify({ ...data, variables }) };
};

const runsPage = z.looseObject({
  data: z.looseObject({
    project: z.looseObject({
      runs: z.looseObject({ pageInfo: z.object({ hasNextPage: z.literal(true) }) }),
    }),
  }),
});

const emptyPage: ChaosService["emptyPage"] = (body) => {
  if (!body.includes("hasNextPage")) return undefined;
  const { data } = runsPage.safeParse(JSON.parse(body));
  if (!data) return undefined;
  data.data.project.runs["edges"] = [];
  return JSON.stringify(data);
};
