import { z } from "zod";
import { WandbClock } from "../../../src/emulators/wandb/clock.ts";
import type { WandbProject } from "../../../src/emulators/wandb/project.ts";
import type { WandbRun } from "../../../src/emulators/wandb/run.ts";
import { syntheticHistory } from "../../../src/emulators/wandb/synthetic-history.ts";
import type { WandbFaults } from "../../../src/emulators/wandb/faults.ts";
import { WandbWorkspace } from "../../../src/emulators/wandb/workspace.ts";
import { expectedTables } from "../../sources/wandb/tables.ts";
import { startWandb } from "../../support/wandb.ts";
import type { Random } from "../../support/random.ts";
import { keyText } from "../service.ts";
import type { ChaosService, Keys, ServiceKind, StoredCheckpoint } from "../service.ts";
import { seededRandom } from "../../../src/emulators/random.ts";

const apiKey = "wandb-key-90a2ee";

/** W&B through GraphQL, often with many runs whose heartbeats are in the same second. */
export const wandbGraphql: ServiceKind = { name: "W&B", start };

const keyColumns = { runs: ["run_id"], metrics: ["run_id", "step", "metric_name"] };

async function start(random: Random): Promise<ChaosService> {
  const clock = new WandbClock({
    seed: random.between(1, 2 ** 30),
    tickMs: random.pick([0, 1000, 90_000]),
  });
  const workspace = new WandbWorkspace({ clock });
  const project = workspace.addProject({ name: "vision" });
  const history = new WandbHistory(project, clock);
  history.begin(random);
  const emulatorFaults: WandbFaults = {};
  const wandb = await startWandb({ workspace, faults: emulatorFaults, apiKey });
  return {
    source: "wandb",
    url: wandb.url,
    secret: apiKey,
    sourceConfig: { api_key: apiKey, entity: "acme", project: "vision" },
    pageSizeSetting: "page_size",
    keyColumns,
    faults: {
      smallPages(random) {
        emulatorFaults.pageSizeCap = random.between(1, 3);
        return () => delete emulatorFaults.pageSizeCap;
      },
      brokenObject(random) {
        emulatorFaults.brokenHistory = {
          run: random.pick(history.runs).name,
          ...(random.oneIn(2) ? { status: 500 } : {}),
        };
        return () => delete emulatorFaults.brokenHistory;
      },
    },
    firstPageRequest,
    emptyPage,
    change: (random) => {
      history.change(random);
    },
    storableKeys: () => history.storableKeys(),
    brokenKeys: () => history.metricsOf(emulatorFaults.brokenHistory?.run),
    unstorableCount: () => 0,
    keysReadBy: (checkpoints) => history.keysReadBy(checkpoints),
    [Symbol.asyncDispose]: () => wandb[Symbol.asyncDispose](),
  };
}

const graphqlRequest = z.looseObject({ variables: z.looseObject({ after: z.unknown() }) });

const firstPageRequest: ChaosService["firstPageRequest"] = (request) => {
  const { data } = graphqlRequest.safeParse(JSON.parse(request.body || "{}"));
  if (data?.variables.after === undefined) return undefined;
  const variables = { ...data.variables, after: null };
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

/** Changes to a project, except edits of finished runs, which do not change the heartbeat. */
class WandbHistory {
  readonly #project: WandbProject;
  readonly #clock: WandbClock;
  #runCount = 0;

  constructor(project: WandbProject, clock: WandbClock) {
    this.#project = project;
    this.#clock = clock;
  }

  get runs(): readonly WandbRun[] {
    return this.#project.sortedRuns({ by: "createdAt", descending: false });
  }

  begin(random: Random): void {
    for (let count = random.between(4, 15); count > 0; count -= 1) this.#addRun(random);
  }

  change(random: Random): void {
    if (random.oneIn(4)) this.#clock.advance(random.between(1, 40) * 60_000);
    const changes = [
      () => {
        this.#addRun(random);
      },
      () => {
        this.#log(random);
      },
      () => {
        this.#log(random);
      },
      () => {
        this.#anyRun(random).finish(random.pick(["finished", "failed", "killed"]));
      },
      () => {
        this.#rewind(random);
      },
      () => {
        this.#project.deleteRun(this.#anyRun(random).name);
      },
    ];
    random.pick(changes)();
  }

  storableKeys(): Keys {
    const { runs, metrics } = expectedTables(this.#project);
    return { runs: runs.map(keyOf("runs")), metrics: metrics.map(keyOf("metrics")) };
  }

  metricsOf(run = ""): Keys {
    const { metrics } = expectedTables(this.#project);
    const ofRun = metrics.filter(({ run_id }) => run_id === run);
    return { metrics: ofRun.map(keyOf("metrics")) };
  }

  keysReadBy(checkpoints: readonly StoredCheckpoint[]): Keys {
    const positions = new Map(
      checkpoints
        .filter(({ stream }) => stream === "metrics")
        .map(({ partition, checkpoint }) => [partition, checkpointShape.parse(checkpoint)]),
    );
    const since = Date.parse(positions.get("")?.since ?? "1970-01-01T00:00:00Z");
    const read = this.runs.filter(({ name, fields, history }) => {
      const seen = Date.parse(fields.heartbeatAt ?? "");
      const checkpoint = positions.get(name);
      if (!checkpoint) return positions.get("")?.since !== undefined && seen < since;
      const { done } = checkpoint;
      return done?.lines === history.lineCount && Date.parse(done.seen ?? "") === seen;
    });
    const names = new Set(read.map(({ name }) => name));
    const { metrics } = expectedTables(this.#project);
    return {
      metrics: metrics.filter((row) => names.has(String(row["run_id"]))).map(keyOf("metrics")),
    };
  }

  #addRun(random: Random): void {
    this.#runCount += 1;
    const steps = random.pick([0, 1, 5, 40, 120]);
    const history = syntheticHistory({ run: this.#runCount, steps, metrics: random.between(1, 6) });
    const run = this.#project.addRun({
      config: { n: this.#runCount },
      ...(steps > 0 ? { history } : {}),
    });
    if (random.oneIn(2)) this.#logTo(run, random);
  }

  #log(random: Random): void {
    const run = this.#anyRun(random);
    if (run.fields.state !== "running") run.resume();
    this.#logTo(run, random);
  }

  #logTo(run: WandbRun, random: Random): void {
    const values = [0.1, -0, 1e300, NaN, Infinity, "text\t\\N", "", null, true, { a: { b: 1 } }];
    for (let rows = random.between(1, 30); rows > 0; rows -= 1) {
      run.log({ loss: seededRandom(rows)(), odd: random.pick(values) });
    }
  }

  /**
   * Advances the clock first: a run that logs as many lines again within one second would look
   * unchanged.
   */
  #rewind(random: Random): void {
    this.#clock.advance(1000);
    const run = this.#anyRun(random);
    run.rewind(random.between(0, Number(run.history.lastStep ?? 0)));
    this.#logTo(run, random);
  }

  #anyRun(random: Random): WandbRun {
    return this.runs.length === 0 ? this.#project.addRun() : random.pick(this.runs);
  }
}

const checkpointShape = z.looseObject({
  since: z.string().optional(),
  done: z.object({ seen: z.string().optional(), lines: z.number().optional() }).optional(),
});

function keyOf(table: keyof typeof keyColumns) {
  return (row: Readonly<Record<string, unknown>>): string =>
    keyText(keyColumns[table].map((column) => row[column]));
}
