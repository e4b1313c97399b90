import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { RawJson } from "../../../src/emulators/raw-json.ts";
import type { WandbProject } from "../../../src/emulators/wandb/project.ts";
import { databases, type SqlRow, type TestDatabase } from "../../support/databases.ts";
import { syncWandb } from "../../support/sync-wandb.ts";
import { startWandb, type Wandb } from "../../support/wandb.ts";

describe.each(databases)("on %s", (_name, newDatabase) => {
  let database: TestDatabase;
  let wandb: Wandb;
  let project: WandbProject;
  beforeEach(async () => {
    database = await newDatabase();
    wandb = await startWandb();
    project = wandb.workspace.addProject({ name: "vision" });
  });
  afterEach(async () => {
    await wandb[Symbol.asyncDispose]();
    await database.drop();
  });

  const sync = (settings = {}) =>
    syncWandb({ url: wandb.url, apiKey: wandb.apiKey, destination: database.url }, settings);

  /** The steps and values of a metric that are not deleted. */
  async function stored(name: string): Promise<string[]> {
    const rows = await database.query(
      `SELECT cast(step AS text) AS step, metric_value FROM metrics
       WHERE metric_name = '${name}' AND NOT _deleted ORDER BY metrics.step`,
    );
    return rows.map(({ step, metric_value }) => `${String(step)}: ${String(metric_value)}`);
  }

  /** The lines in quarantine. */
  const quarantine = (): Promise<SqlRow[]> =>
    database.query(`SELECT payload, reason FROM _rivulet_quarantine WHERE payload LIKE '{%'`);

  const nanoseconds = 1_767_225_600_123_456_789n;
  const nextDay = nanoseconds + 86_400n * 10n ** 9n;

  test("steps of 64 bits are stored exactly, read on from, and swept", async () => {
    const run = project.addRun();
    for (let index = 0n; index < 3n; index += 1n) {
      run.log(new RawJson(`{"_step": ${nanoseconds + index}, "loss": ${index}}`));
    }
    await sync();
    run.log(new RawJson(`{"_step": ${nextDay}, "loss": 3}`));
    await sync();
    expect(await stored("loss")).toEqual([
      `${nanoseconds}: 0`,
      `${nanoseconds + 1n}: 1`,
      `${nanoseconds + 2n}: 2`,
      `${nextDay}: 3`,
    ]);
    run.rewind(nanoseconds + 1n);
    await sync();
    expect(await stored("loss")).toEqual([`${nanoseconds}: 0`, `${nanoseconds + 1n}: 1`]);
    expect(await quarantine()).toEqual([]);
  });

  test("steps of 64 bits are read from a server that counts no lines, and stay", async () => {
    wandb.faults.missingFields = ["Run.historyLineCount"];
    const run = project.addRun();
    run.log(new RawJson(`{"_step": ${nanoseconds}, "loss": 0}`));
    await sync();
    run.log(new RawJson(`{"_step": ${nextDay}, "loss": 1}`));
    run.finish();
    await sync();
    await sync({ rescan_days: 1 });
    expect(await stored("loss")).toEqual([`${nanoseconds}: 0`, `${nextDay}: 1`]);
  });

  test("a value nested very deeply arrives, and the rest of its line", async () => {
    const run = project.addRun({ history: { lastStep: 0, keys: [], line: () => line } });
    run.finish();
    const depth = 4000;
    const line = `{"_step": 0, "loss": NaN, "deep": ${'{"a":'.repeat(depth)}1${"}".repeat(depth)}}`;
    expect((await sync()).failures).toEqual(new Map());
    const rows = await database.query(
      `SELECT metric_name, value_json FROM metrics ORDER BY 1 DESC`,
    );
    expect(rows).toHaveLength(2);
    const [loss, deep] = rows;
    expect(loss).toEqual({ metric_name: "loss", value_json: '"NaN"' });
    expect(String(deep?.["value_json"]).split('"a"').length).toBeGreaterThan(3900);
  });

  test("a time that is not understood is kept", async () => {
    const run = project.addRun();
    run.log(new RawJson(`{"_step": 0, "_timestamp": 1767225600250, "loss": 1}`));
    run.log(new RawJson(`{"_step": 1, "_timestamp": NaN, "loss": 2}`));
    await sync({ metrics: "loss" });
    const rows = await database.query(
      `SELECT metric_name, timestamp, value_json FROM metrics ORDER BY step, metric_name`,
    );
    expect(rows).toMatchObject([
      { metric_name: "loss", timestamp: expect.stringContaining("00:00:00.25") as string },
      { metric_name: "_timestamp", timestamp: null, value_json: '"NaN"' },
      { metric_name: "loss", timestamp: null },
    ]);
  });

  test("two lines of a step are merged; a value that does not count is quarantined until it agrees", async () => {
    const run = project.addRun();
    for (let step = 0; step < 3; step += 1) run.log({ loss: step });
    run.logLate({ _step: 1, loss: 100, acc: 7 });
    const first = [...run.history.lines()][1];
    await sync();
    expect(await stored("loss")).toEqual(["0: 0", "1: 100", "2: 2"]);
    expect(await stored("acc")).toEqual(["1: 7"]);
    const entry = {
      payload: first,
      reason: 'a later line of step 1 has another value of "loss", which was stored',
    };
    expect(await quarantine()).toEqual([entry]);
    run.log({ loss: 3 });
    await sync();
    expect(await quarantine()).toEqual([entry]);
    run.rewrite(1, { loss: 100 });
    run.finish();
    await sync();
    expect(await stored("loss")).toEqual(["0: 0", "1: 100", "2: 2", "3: 3"]);
    expect(await quarantine()).toEqual([]);
  });

  test("two lines of a step are merged over REST, too, also at the border of pages", async () => {
    wandb.faults.rest = { graphql: 404, historyPage: 2 };
    const run = project.addRun();
    for (let step = 0; step < 4; step += 1) run.log({ loss: step });
    run.logLate({ _step: 1, loss: 100 });
    run.logLate({ _step: 3, acc: 7 });
    run.finish();
    await sync();
    expect(await stored("loss")).toEqual(["0: 0", "1: 100", "2: 2", "3: 3"]);
    expect(await stored("acc")).toEqual(["3: 7"]);
    expect(await quarantine()).toHaveLength(1);
  });
});
