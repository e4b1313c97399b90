import { z } from "zod";
import type { ChaosRun } from "../chaos-run.ts";
import type { Disturbance } from "../disturbance.ts";

/** Changes to tables and state by hand, between two syncs. */
export const stateDisturbances: readonly Disturbance[] = [
  {
    name: "a table dropped by hand",
    outcomes: ["completed"],
    async disturb(run) {
      await run.fillTables();
      run.tampered = true;
      await run.storage.query(`DROP TABLE "${anyTable(run)}"`);
      return await run.startAndWait();
    },
  },
  {
    name: "a column dropped by hand",
    outcomes: ["completed"],
    async disturb(run) {
      await run.fillTables();
      const column = run.random.pick(["raw", "created_by", "value_json", "created_at", "name"]);
      const tables = await tablesWith(run, column);
      if (tables.length === 0) return await run.startAndWait();
      const table = run.random.pick(tables);
      await run.storage.query(`ALTER TABLE "${table}" DROP COLUMN "${column}"`);
      return await run.startAndWait();
    },
  },
  {
    name: "a column, an index and a view added by hand",
    outcomes: ["completed"],
    async disturb(run) {
      await run.fillTables();
      const { storage } = run;
      const table = anyTable(run);
      const key = run.service.keyColumns[table]?.[0] ?? "";
      await storage.query(`ALTER TABLE "${table}" ADD COLUMN remark text`);
      await storage.query(`CREATE INDEX mine_${table} ON "${table}" (${key}, remark)`);
      await storage.query(`CREATE VIEW seen AS SELECT * FROM "${table}"`);
      try {
        return await run.startAndWait();
      } finally {
        await storage.query("DROP VIEW seen");
        await storage.query(`DROP INDEX mine_${table}`);
        await storage.query(`ALTER TABLE "${table}" DROP COLUMN remark`);
      }
    },
  },
  {
    name: "missing state",
    outcomes: ["completed"],
    async disturb(run) {
      await run.fillTables();
      const where = run.random.pick([
        "",
        " WHERE stream <> ''",
        ` WHERE stream = '${anyTable(run)}'`,
      ]);
      await run.storage.query(`DELETE FROM _rivulet_state${where}`);
      return await run.startAndWait();
    },
  },
  {
    name: "a missing system table",
    outcomes: ["config error"],
    async disturb(run) {
      await run.fillTables();
      run.tampered = true;
      const table = `_rivulet_${run.random.pick(["state", "sync", "quarantine"])}`;
      await run.storage.query(`ALTER TABLE ${table} RENAME TO aside`);
      try {
        return await run.startAndWait();
      } finally {
        await run.storage.query(`ALTER TABLE aside RENAME TO ${table}`);
      }
    },
  },
  {
    name: "unreadable state",
    outcomes: ["completed", "config error"],
    async disturb(run) {
      await run.fillTables();
      const before = await readState(run);
      const where = run.random.pick(["stream <> ''", "stream = ''"]);
      run.happened = true;
      const broken = run.random.pick(["{not json", "", "null", "7", '{"holder":5}']);
      await run.storage.query(
        `UPDATE _rivulet_state SET checkpoint = '${broken}' WHERE ${where} AND checkpoint IS NOT NULL`,
      );
      const ended = await run.startAndWait();
      if (ended.status === 2) await restoreState(run, before);
      return ended;
    },
  },
  {
    name: "older state",
    outcomes: ["completed"],
    async disturb(run) {
      await run.fillTables();
      run.tampered = true;
      const before = await readState(run);
      await run.startAndWait();
      run.service.forgetRemoved?.();
      run.changeService();
      await restoreState(run, before);
      return await run.startAndWait();
    },
  },
  {
    name: "checkpoints of a newer rivulet",
    outcomes: ["completed"],
    async disturb(run) {
      await run.fillTables();
      await run.storage.query(
        `UPDATE _rivulet_state SET checkpoint = '{"format":99,"marks":[1]}' WHERE stream <> ''`,
      );
      return await run.startAndWait();
    },
  },
  {
    name: "tables of a newer rivulet",
    outcomes: ["config error"],
    async disturb(run) {
      await run.fillTables();
      const { storage } = run;
      const future = "INSERT INTO _rivulet_migration VALUES ('9999-future', '2999-01-01')";
      await storage.query(future);
      try {
        return await run.startAndWait();
      } finally {
        await storage.query("DELETE FROM _rivulet_migration WHERE name = '9999-future'");
      }
    },
  },
];

function anyTable({ random, service }: ChaosRun): string {
  return random.pick(Object.keys(service.keyColumns));
}

async function tablesWith({ storage, service }: ChaosRun, column: string): Promise<string[]> {
  const found: string[] = [];
  for (const table of Object.keys(service.keyColumns)) {
    const sql = `SELECT "${table}"."${column}" FROM "${table}" LIMIT 1`;
    if (
      await storage.query(sql).then(
        () => true,
        () => false,
      )
    )
      found.push(table);
  }
  return found;
}

const stateRow = z.record(z.string(), z.union([z.string(), z.number(), z.null()]));
type StateRow = z.output<typeof stateRow>;

/** The state without the lock. */
async function readState({ storage }: ChaosRun): Promise<readonly StateRow[]> {
  const rows = await storage.query("SELECT * FROM _rivulet_state WHERE stream <> ''");
  return rows.map((row) => stateRow.parse(row));
}

async function restoreState({ storage }: ChaosRun, rows: readonly StateRow[]): Promise<void> {
  const values = rows.map((row) => `(${Object.values(row).map(literal).join(", ")})`);
  await storage.query("DELETE FROM _rivulet_state WHERE stream <> ''");
  if (values.length === 0) return;
  await storage.query(`INSERT INTO _rivulet_state VALUES ${values.join(", ")}`);
}

function literal(value: string | number | null): string {
  return value === null ? "NULL" : `'${String(value).replaceAll("'", "''")}'`;
}
