import { setTimeout as wait } from "node:timers/promises";
import type { CutMoment } from "../../support/cutting-proxy.ts";
import type { EndedProgram } from "../../support/program.ts";
import type { ChaosRun, StartOptions } from "../chaos-run.ts";
import type { Disturbance } from "../disturbance.ts";
import { waitForStatement } from "../wait-for-statement.ts";
import type { PostgresStorage } from "../storage.ts";
import { interrupt } from "./process.ts";

type OnPostgres = Disturbance<PostgresStorage>;
type PostgresRun = ChaosRun<PostgresStorage>;

const moments: readonly (readonly [CutMoment, string])[] = [
  ["before", "commit\0"],
  ["unnoticed", "commit\0"],
  ["during", "commit\0"],
  ["after", "commit\0"],
  ["before", "begin;"],
  ["after", "begin;"],
  ["before", "insert into"],
  ["during", "insert into"],
  ["before", "copy pg_temp"],
  ["during", "copy pg_temp"],
  ["before", "create table"],
  ["after", "create table"],
];

/** What the server, its operator and the network do. */
export const postgresDisturbances: readonly OnPostgres[] = [
  ...moments.map(([moment, text]): OnPostgres => {
    const name = text.replace(/[\0;]/, "").toUpperCase();
    return {
      name: `a connection cut ${moment === "unnoticed" ? "unnoticed before" : moment} ${name}`,
      outcomes: ["completed"],
      async disturb(run) {
        if (text === "create table") await dropTables(run);
        return await runWithCut(run, [moment, text]);
      },
    };
  }),
  ...["copy pg_temp", "alter table", "create table", "truncate"].map((text): OnPostgres => ({
    name: `SIGKILL in ${text.toUpperCase()}`,
    outcomes: ["killed", "completed"],
    async disturb(run) {
      if (text === "alter table") await forceAlterTable(run);
      if (text === "create table") await dropTables(run);
      const running = run.start();
      await waitForStatement(run.storage, { text, times: run.random.between(1, 2) }, running);
      await wait(run.random.between(0, 5));
      running.child.kill("SIGKILL");
      return await running.ended;
    },
  })),
  ...(["fast", "immediate"] as const).map((how): OnPostgres => ({
    name: `a server restart (${how})`,
    outcomes: ["completed"],
    async disturb(run) {
      const running = run.start();
      await run.waitForResponses(running);
      await run.storage.server.restart(how);
      return await running.ended;
    },
  })),
  ...["40001", "40P01"].map((code) => refuseRows(`${code} a few times`, { code, times: 3 })),
  refuseRows("40001 forever", { code: "40001", times: 1e6, outcomes: ["completed", "failed"] }),
  refuseRows("a full disk on the server", {
    code: "53100",
    times: 1,
    outcomes: ["completed", "failed"],
  }),
  {
    name: "a terminated backend",
    outcomes: ["completed"],
    disturb: (run) => signalBackends(run, "pg_terminate_backend"),
  },
  {
    name: "a query canceled by an operator",
    outcomes: ["completed", "failed"],
    disturb: (run) => signalBackends(run, "pg_cancel_backend"),
  },
  {
    name: "a statement timeout",
    outcomes: ["completed", "failed"],
    disturb: (run) =>
      runWithSetting(run, [
        `ALTER ROLE $role SET statement_timeout = ${run.random.between(1, 20)}`,
        "ALTER ROLE $role RESET statement_timeout",
      ]),
  },
  {
    name: "too many connections",
    outcomes: ["failed"],
    disturb: (run) =>
      runWithSetting(run, [
        "ALTER ROLE $role CONNECTION LIMIT 0",
        "ALTER ROLE $role CONNECTION LIMIT -1",
      ]),
  },
  {
    name: "a read-only server",
    outcomes: ["config error"],
    disturb: (run) =>
      runWithSetting(run, [
        "ALTER ROLE $role SET default_transaction_read_only TO on",
        "ALTER ROLE $role RESET default_transaction_read_only",
      ]),
  },
  {
    name: "a permission revoked before a sync",
    outcomes: ["config error", "completed"],
    async disturb(run) {
      await run.fillTables();
      const table = run.random.pick(Object.keys(run.service.keyColumns));
      const right = run.random.pick(["INSERT", "SELECT", "UPDATE", "ALL"]);
      return await runWithSetting(run, [
        `REVOKE ${right} ON "${table}" FROM $role`,
        `GRANT ALL ON "${table}" TO $role`,
      ]);
    },
  },
  {
    name: "a permission revoked during a sync",
    outcomes: ["config error", "completed"],
    async disturb(run) {
      await run.fillTables();
      const { storage } = run;
      const running = run.start();
      await run.waitForResponses(running);
      const tables = `ALL TABLES IN SCHEMA ${storage.role}`;
      await storage.query(`REVOKE INSERT, UPDATE ON ${tables} FROM ${storage.role}`);
      try {
        return await running.ended;
      } finally {
        await storage.query(`GRANT ALL ON ${tables} TO ${storage.role}`);
      }
    },
  },
  {
    name: "a table locked for a while",
    outcomes: ["completed"],
    async disturb(run) {
      await run.fillTables();
      const lock = await lockTable(run);
      const running = run.start();
      await Promise.race([wait(run.random.between(0, 3000)), running.ended]);
      await lock.end();
      return await running.ended;
    },
  },
  {
    name: "a table locked forever, and SIGTERM",
    outcomes: ["interrupted", "completed"],
    async disturb(run) {
      await run.fillTables();
      const running = run.start();
      await run.waitForResponses(running);
      const lock = await lockTable(run);
      await Promise.race([wait(run.random.between(0, 1500)), running.ended]);
      try {
        return await interrupt(running, "SIGTERM");
      } finally {
        await lock.end();
      }
    },
  },
  {
    name: "a table locked forever",
    outcomes: ["failed", "completed"],
    slow: true,
    async disturb(run) {
      await run.fillTables();
      const lock = await lockTable(run);
      try {
        return await run.startAndWait();
      } finally {
        await lock.end();
      }
    },
  },
];

/** Runs the program and cuts its connection at one of the places where it sends this text. */
export async function runWithCut(
  run: PostgresRun,
  [moment, text]: readonly [CutMoment, string],
  options?: StartOptions,
): Promise<EndedProgram> {
  const { random, storage } = run;
  const isFrequent = /commit|begin/.test(text);
  storage.tcpProxy.cutAt(text, moment, random.between(0, isFrequent ? 10 : 1));
  const ended = await run.startAndWait(options);
  run.happened = !storage.tcpProxy.isArmed;
  return ended;
}

/** Makes the next sync create tables. */
export async function dropTables(run: PostgresRun): Promise<void> {
  await run.fillTables();
  run.tampered = true;
  for (const table of Object.keys(run.service.keyColumns))
    await run.storage.query(`DROP TABLE "${table}"`);
}

/** Makes the next sync alter a table. */
async function forceAlterTable(run: PostgresRun): Promise<void> {
  await run.fillTables();
  run.tampered = true;
  const fraction = run.service.faults.fraction;
  if (fraction) fraction(run.random);
  else await run.storage.query("ALTER TABLE runs DROP COLUMN notes");
}

/** Locks a table that the program writes to, until the returned connection ends. */
async function lockTable(run: PostgresRun) {
  const client = await run.storage.connect();
  const table = run.random.pick(Object.keys(run.service.keyColumns));
  await client.query(`BEGIN; LOCK TABLE "${table}" IN SHARE MODE`);
  return client;
}

/** Runs the program between a statement that changes a setting and one that restores it. */
async function runWithSetting(
  run: PostgresRun,
  [before, after]: readonly [string, string],
): Promise<EndedProgram> {
  const { storage } = run;
  await storage.query(before.replace("$role", storage.role));
  try {
    return await run.startAndWait();
  } finally {
    await storage.query(after.replace("$role", storage.role));
  }
}

async function signalBackends(
  run: PostgresRun,
  signal: "pg_terminate_backend" | "pg_cancel_backend",
): Promise<EndedProgram> {
  const { storage, random } = run;
  const running = run.start();
  for (let times = random.between(1, 3); times > 0; times -= 1) {
    await run.waitForResponses(running);
    await storage.query(
      `SELECT ${signal}(pid) FROM pg_stat_activity WHERE usename = '${storage.role}'`,
    );
  }
  return await running.ended;
}

interface RefusalOptions {
  readonly code: string;
  readonly times: number;
  readonly outcomes?: OnPostgres["outcomes"];
}

/** A trigger makes the first writes to a table fail with an error code. */
function refuseRows(
  name: string,
  { code, times, outcomes = ["completed"] }: RefusalOptions,
): OnPostgres {
  return {
    name,
    outcomes,
    async disturb(run) {
      await run.fillTables();
      const { storage, random, service } = run;
      const table = random.pick(Object.keys(service.keyColumns));
      await storage.query(`CREATE SEQUENCE attempts;
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
          IF nextval('${storage.role}.attempts') <= ${times} THEN
            RAISE EXCEPTION 'refused by the test' USING errcode = '${code}';
          END IF;
          RETURN new;
        END $$;
        CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON "${table}" FOR EACH ROW EXECUTE FUNCTION refuse()`);
      try {
        return await run.startAndWait();
      } finally {
        await storage.query("DROP FUNCTION refuse CASCADE; DROP SEQUENCE attempts");
      }
    },
  };
}
