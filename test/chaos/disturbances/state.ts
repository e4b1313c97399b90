import { z } from "zod";
import type { Bout } from "../chaos-run.ts";
import type { Disturbance } from "../disturbance.ts";

/** What people do by hand to tables and state between two syncs. */
export const stateDisturbances: readonly Disturbance[] = [
  {
    name: "a table that was dropped by hand",
    outcomes: ["completed"],
    async disturb(bout) {
      await bout.fill();
      bout.tampered = true;
      await bout.storage.query(`DROP TABLE "${someTable(bout)}"`);
      return await bout.run();
    },
  },
  {
    name: "a column that was dropped by hand",
    outcomes: ["completed"],
    async disturb(bout) {
      await bout.fill();
      const column = bout.random.pick(["raw", "created_by", "value_json", "created_at", "name"]);
      const tables = await tablesWith(bout, column);
      if (tables.length === 0) return await bout.run();
      const table = bout.random.pick(tables);
      await bout.storage.query(`ALTER TABLE "${table}" DROP COLUMN "${column}"`);
      return await bout.run();
    },
  },
  {
    name: "a column, an index and a view that were added by hand",
    outcomes: ["completed"],
    async disturb(bout) {
      await bout.fill();
      const { storage } = bout;
      const table = someTable(bout);
      const key = bout.service.keys[table]?.[0] ?? "";
      await storage.query(`ALTER TABLE "${table}" ADD COLUMN remark text`);
      await storage.query(`CREATE INDEX mine_${table} ON "${table}" (${key}, remark)`);
      await storage.query(`CREATE VIEW seen AS SELECT * FROM "${table}"`);
      try {
        return await bout.run();
      } finally {
        await storage.query("DROP VIEW seen");
        await storage.query(`DROP INDEX mine_${table}`);
        await storage.query(`ALTER TABLE "${table}" DROP COLUMN remark`);
      }
    },
  },
  {
    name: "state that is missing",
    outcomes: ["completed"],
    async disturb(bout) {
      await bout.fill();
      const of = bout.random.pick([
        "",
        " WHERE stream <> ''",
        ` WHERE stream = '${someTable(bout)}'`,
      ]);
      await bout.storage.query(`DELETE FROM _rivulet_state${of}`);
      return await bout.run();
    },
  },
  {
    name: "a table of rivulet's own that is missing",
    outcomes: ["must change"],
    async disturb(bout) {
      await bout.fill();
      bout.tampered = true;
      const table = `_rivulet_${bout.random.pick(["state", "sync", "quarantine"])}`;
      await bout.storage.query(`ALTER TABLE ${table} RENAME TO aside`);
      try {
        return await bout.run();
      } finally {
        await bout.storage.query(`ALTER TABLE aside RENAME TO ${table}`);
      }
    },
  },
  {
    name: "state that cannot be read",
    outcomes: ["completed", "must change"],
    async disturb(bout) {
      await bout.fill();
      const before = await saved(bout);
      const which = bout.random.pick(["stream <> ''", "stream = ''"]);
      bout.happened = true;
      const broken = bout.random.pick(["{not json", "", "null", "7", '{"holder":5}']);
      await bout.storage.query(
        `UPDATE _rivulet_state SET checkpoint = '${broken}' WHERE ${which} AND checkpoint IS NOT NULL`,
      );
      const ended = await bout.run();
      if (ended.status === 2) await restore(bout, before);
      return ended;
    },
  },
  {
    name: "state that is older",
    outcomes: ["completed"],
    async disturb(bout) {
      await bout.fill();
      bout.tampered = true;
      const before = await saved(bout);
      await bout.run();
      bout.change();
      await restore(bout, before);
      return await bout.run();
    },
  },
  {
    name: "checkpoints of a newer rivulet",
    outcomes: ["completed"],
    async disturb(bout) {
      await bout.fill();
      await bout.storage.query(
        `UPDATE _rivulet_state SET checkpoint = '{"format":99,"marks":[1]}' WHERE stream <> ''`,
      );
      return await bout.run();
    },
  },
  {
    name: "tables of a newer rivulet",
    outcomes: ["must change"],
    async disturb(bout) {
      await bout.fill();
      const { storage } = bout;
      const future = "INSERT INTO _rivulet_migration VALUES ('9999-future', '2999-01-01')";
      await storage.query(future);
      try {
        return await bout.run();
      } finally {
        await storage.query("DELETE FROM _rivulet_migration WHERE name = '9999-future'");
      }
    },
  },
];

function someTable({ random, service }: Bout): string {
  return random.pick(Object.keys(service.keys));
}

async function tablesWith({ storage, service }: Bout, column: string): Promise<string[]> {
  const found: string[] = [];
  for (const table of Object.keys(service.keys)) {
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

/** The state but for the lock. */
async function saved({ storage }: Bout): Promise<readonly StateRow[]> {
  const rows = await storage.query("SELECT * FROM _rivulet_state WHERE stream <> ''");
  return rows.map((row) => stateRow.parse(row));
}

async function restore({ storage }: Bout, rows: readonly StateRow[]): Promise<void> {
  const values = rows.map((row) => `(${Object.values(row).map(literal).join(", ")})`);
  await storage.query("DELETE FROM _rivulet_state WHERE stream <> ''");
  if (values.length === 0) return;
  await storage.query(`INSERT INTO _rivulet_state VALUES ${values.join(", ")}`);
}

function literal(value: string | number | null): string {
  return value === null ? "NULL" : `'${String(value).replaceAll("'", "''")}'`;
}
