import { setTimeout as wait } from "node:timers/promises";
import type { CutMoment } from "../../support/cutting-proxy.ts";
import type { EndedProgram, RunningProgram } from "../../support/program.ts";
import { TransactionPooler } from "../../support/transaction-pooler.ts";
import type { ChaosRun } from "../chaos-run.ts";
import type { Disturbance } from "../disturbance.ts";
import { OtherProgram, type LeftOnSessions } from "../other-program.ts";
import type { PostgresStorage } from "../storage.ts";
import { waitForStatement } from "../wait-for-statement.ts";

type OnPostgres = Disturbance<PostgresStorage>;
type PostgresRun = ChaosRun<PostgresStorage>;

/** What happens between the pooler and the server. */
const cuts: readonly (readonly [CutMoment, string])[] = [
  ["before", "commit\0"],
  ["during", "commit\0"],
  ["after", "commit\0"],
  ["after", "begin;"],
  ["during", "insert into"],
];

/** A pooler in transaction mode, whose sessions the program shares with others. */
export const poolerDisturbances: readonly OnPostgres[] = [
  {
    name: "a pooler between",
    outcomes: ["completed"],
    disturb: (run) => runBehindPooler(run, ({ ended }) => ended),
  },
  ...cuts.map(([moment, text]): OnPostgres => {
    const name = text.replace(/[\0;]/, "").toUpperCase();
    return {
      name: `a pooler whose connection is cut ${moment} ${name}`,
      outcomes: ["completed"],
      async disturb(run) {
        const { tcpProxy } = run.storage;
        tcpProxy.cutAt(text, moment, run.random.between(0, 5));
        const ended = await runBehindPooler(run, (running) => running.ended);
        run.happened = !tcpProxy.isArmed;
        return ended;
      },
    };
  }),
  {
    name: "a pooler's session terminated in mid transaction",
    outcomes: ["completed"],
    disturb: (run) => runBehindPooler(run, (running) => terminateOurs(run, running)),
  },
  {
    name: "SIGKILL behind a pooler",
    outcomes: ["killed", "completed"],
    disturb: (run) =>
      runBehindPooler(run, async (running) => {
        await waitForStatement(run.storage, { text: "begin;", times: 6 }, running);
        await wait(run.random.between(0, 5));
        running.child.kill("SIGKILL");
        return await running.ended;
      }),
  },
];

/** Runs the program while others use the sessions of its pooler, and checks what they find. */
async function runBehindPooler(
  run: PostgresRun,
  act: (running: RunningProgram) => Promise<EndedProgram>,
): Promise<EndedProgram> {
  const { random, storage } = run;
  const target = new URL(storage.url);
  const left: LeftOnSessions = new Map();
  const others: OtherProgram[] = [];
  let ended: EndedProgram;
  {
    await using pooler = await TransactionPooler.start({ target, size: random.between(2, 4) });
    for (let count = 0; count < 2; count += 1)
      others.push(new OtherProgram({ url: pooler.url, random: random.fork(), left }));
    try {
      ended = await act(run.start({ destination: pooler.url.href }));
    } finally {
      await Promise.all(others.map((other) => other.stop()));
    }
    run.happened ??= pooler.handovers > 2;
  }
  const problems = others.flatMap((other) => other.problems);
  if (problems.length > 0) throw new Error(problems.join("\n"));
  // Until then, the server removes their temporary tables.
  while ((await backends(run, "true")).length > 0) await wait(5);
  return ended;
}

/** Ends the server's process that runs a transaction of ours. */
async function terminateOurs(run: PostgresRun, running: RunningProgram): Promise<EndedProgram> {
  await run.waitForResponses(running);
  const ours = "application_name like 'rivulet %' and pg_terminate_backend(pid)";
  let isTerminated = false;
  await run.waitUntil(running, async () => {
    isTerminated = (await backends(run, ours)).length > 0;
    return isTerminated;
  });
  const ended = await running.ended;
  run.happened = isTerminated;
  return ended;
}

/** The server's processes of our role for which a condition holds. */
async function backends({ storage }: PostgresRun, condition: string) {
  return await storage.query(
    `SELECT pid FROM pg_stat_activity WHERE usename = '${storage.role}' AND ${condition}`,
  );
}
