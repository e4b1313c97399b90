import { setTimeout as wait } from "node:timers/promises";
import type { CutMoment } from "../../support/cutting-proxy.ts";
import type { EndedProgram } from "../../support/program.ts";
import type { Bout } from "../chaos-run.ts";
import type { Disturbance } from "../disturbance.ts";
import { heard } from "../wait-for-statement.ts";
import type { PostgresStorage } from "../storage.ts";
import { interrupted } from "./process.ts";

type OnPostgres = Disturbance<PostgresStorage>;
type PostgresBout = Bout<PostgresStorage>;

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

/** What the server, its operator and the network in between do. */
export const postgresDisturbances: readonly OnPostgres[] = [
  ...moments.map(([moment, text]): OnPostgres => {
    const name = text.replace(/[\0;]/, "").toUpperCase();
    return {
      name: `a connection that is cut ${moment} ${name}`,
      outcomes: ["completed"],
      async disturb(bout) {
        const { random, storage } = bout;
        const isFrequent = /commit|begin/.test(text);
        if (text === "create table") await dropSome(bout);
        storage.link.cutAt(text, moment, random.between(0, isFrequent ? 10 : 1));
        const ended = await bout.run();
        bout.happened = !storage.link.isArmed;
        return ended;
      },
    };
  }),
  ...["copy pg_temp", "alter table", "create table", "truncate"].map((text): OnPostgres => ({
    name: `SIGKILL in ${text.toUpperCase()}`,
    outcomes: ["killed", "completed"],
    async disturb(bout) {
      if (text === "alter table") await altering(bout);
      if (text === "create table") await dropSome(bout);
      const running = bout.start();
      await heard(bout.storage, { text, times: bout.random.between(1, 2) }, running);
      await wait(bout.random.between(0, 5));
      running.child.kill("SIGKILL");
      return await running.ended;
    },
  })),
  ...(["fast", "immediate"] as const).map((how): OnPostgres => ({
    name: `a server that is restarted (${how})`,
    outcomes: ["completed"],
    async disturb(bout) {
      const running = bout.start();
      await bout.answers(running);
      await bout.storage.server.restart(how);
      return await running.ended;
    },
  })),
  ...["40001", "40P01"].map((code) => refusing(`${code} a few times`, { code, times: 3 })),
  refusing("40001 for ever", { code: "40001", times: 1e6, outcomes: ["completed", "failed"] }),
  refusing("a disk that is full", { code: "53100", times: 1, outcomes: ["completed", "failed"] }),
  {
    name: "a backend that is terminated",
    outcomes: ["completed"],
    disturb: (bout) => signalled(bout, "pg_terminate_backend"),
  },
  {
    name: "a query that an operator cancels",
    outcomes: ["completed", "failed"],
    disturb: (bout) => signalled(bout, "pg_cancel_backend"),
  },
  {
    name: "a statement time-out",
    outcomes: ["completed", "failed"],
    disturb: (bout) =>
      altered(bout, [
        `ALTER ROLE $role SET statement_timeout = ${bout.random.between(1, 20)}`,
        "ALTER ROLE $role RESET statement_timeout",
      ]),
  },
  {
    name: "too many connections",
    outcomes: ["failed"],
    disturb: (bout) =>
      altered(bout, [
        "ALTER ROLE $role CONNECTION LIMIT 0",
        "ALTER ROLE $role CONNECTION LIMIT -1",
      ]),
  },
  {
    name: "a server that takes no writes",
    outcomes: ["must change"],
    disturb: (bout) =>
      altered(bout, [
        "ALTER ROLE $role SET default_transaction_read_only TO on",
        "ALTER ROLE $role RESET default_transaction_read_only",
      ]),
  },
  {
    name: "a permission that is lost",
    outcomes: ["must change", "completed"],
    async disturb(bout) {
      await bout.fill();
      const table = bout.random.pick(Object.keys(bout.service.keys));
      const right = bout.random.pick(["INSERT", "SELECT", "UPDATE", "ALL"]);
      return await altered(bout, [
        `REVOKE ${right} ON "${table}" FROM $role`,
        `GRANT ALL ON "${table}" TO $role`,
      ]);
    },
  },
  {
    name: "a permission that is lost in the middle",
    outcomes: ["must change", "completed"],
    async disturb(bout) {
      await bout.fill();
      const { storage } = bout;
      const running = bout.start();
      await bout.answers(running);
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
    name: "a table that is locked for a while",
    outcomes: ["completed"],
    async disturb(bout) {
      await bout.fill();
      const lock = await locked(bout);
      const running = bout.start();
      await Promise.race([wait(bout.random.between(0, 3000)), running.ended]);
      await lock.end();
      return await running.ended;
    },
  },
  {
    name: "a table that is locked for ever, and SIGTERM",
    outcomes: ["interrupted", "completed"],
    async disturb(bout) {
      await bout.fill();
      const running = bout.start();
      await bout.answers(running);
      const lock = await locked(bout);
      await Promise.race([wait(bout.random.between(0, 1500)), running.ended]);
      try {
        return await interrupted(running, "SIGTERM");
      } finally {
        await lock.end();
      }
    },
  },
  {
    name: "a table that is locked for ever",
    outcomes: ["failed", "completed"],
    slow: true,
    async disturb(bout) {
      await bout.fill();
      const lock = await locked(bout);
      try {
        return await bout.run();
      } finally {
        await lock.end();
      }
    },
  },
];

/** Makes the next sync create tables. */
async function dropSome(bout: PostgresBout): Promise<void> {
  await bout.fill();
  bout.tampered = true;
  for (const table of Object.keys(bout.service.keys))
    await bout.storage.query(`DROP TABLE "${table}"`);
}

/** Makes the next sync alter a table. */
async function altering(bout: PostgresBout): Promise<void> {
  await bout.fill();
  bout.tampered = true;
  const fraction = bout.service.traps.fraction;
  if (fraction) fraction(bout.random);
  else await bout.storage.query("ALTER TABLE runs DROP COLUMN notes");
}

/** Locks a table that the program writes to, as another program would, until the connection ends. */
async function locked(bout: PostgresBout) {
  const client = await bout.storage.connect();
  const table = bout.random.pick(Object.keys(bout.service.keys));
  await client.query(`BEGIN; LOCK TABLE "${table}" IN SHARE MODE`);
  return client;
}

/** Runs while something is set that is set back afterwards. */
async function altered(
  bout: PostgresBout,
  [before, after]: readonly [string, string],
): Promise<EndedProgram> {
  const { storage } = bout;
  await storage.query(before.replace("$role", storage.role));
  try {
    return await bout.run();
  } finally {
    await storage.query(after.replace("$role", storage.role));
  }
}

async function signalled(
  bout: PostgresBout,
  by: "pg_terminate_backend" | "pg_cancel_backend",
): Promise<EndedProgram> {
  const { storage, random } = bout;
  const running = bout.start();
  for (let times = random.between(1, 3); times > 0; times -= 1) {
    await bout.answers(running);
    await storage.query(
      `SELECT ${by}(pid) FROM pg_stat_activity WHERE usename = '${storage.role}'`,
    );
  }
  return await running.ended;
}

interface Refusal {
  readonly code: string;
  readonly times: number;
  readonly outcomes?: OnPostgres["outcomes"];
}

/** A table that refuses rows as if something else were in the way. */
function refusing(name: string, { code, times, outcomes = ["completed"] }: Refusal): OnPostgres {
  return {
    name,
    outcomes,
    async disturb(bout) {
      await bout.fill();
      const { storage, random, service } = bout;
      const table = random.pick(Object.keys(service.keys));
      await storage.query(`CREATE SEQUENCE attempts;
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
          IF nextval('${storage.role}.attempts') <= ${times} THEN
            RAISE EXCEPTION 'in the way' USING errcode = '${code}';
          END IF;
          RETURN new;
        END $$;
        CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON "${table}" FOR EACH ROW EXECUTE FUNCTION refuse()`);
      try {
        return await bout.run();
      } finally {
        await storage.query("DROP FUNCTION refuse CASCADE; DROP SEQUENCE attempts");
      }
    },
  };
}
