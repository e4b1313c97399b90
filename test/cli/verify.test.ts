import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { countlyDemo } from "../../src/emulators/countly/demo-service.ts";
import type { DemoService } from "../../src/emulators/demo-service.ts";
import { listen } from "../../src/emulators/http-server.ts";
import { opikDemo } from "../../src/emulators/opik/demo-service.ts";
import { wandbDemo } from "../../src/emulators/wandb/demo-service.ts";
import { databases, newSqlite, type TestDatabase } from "../support/databases.ts";
import { logLines, newFolder, run, type EndedProgram } from "../support/program.ts";
import { hasTerminal, runOnTerminal } from "../support/terminal.ts";

interface Copy {
  readonly database: TestDatabase;
  readonly folder: string;
  readonly service: DemoService;
  /** Runs a command of the source. */
  readonly command: (...args: string[]) => Promise<EndedProgram>;
}

interface StreamReport {
  readonly stream: string;
  readonly atSource: number;
  readonly atDestination: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly different: readonly { readonly key: string; readonly columns: readonly string[] }[];
}

/** Copies a demo into a new database, and lets a test work with the copy. */
async function withCopy(
  { demo, newDatabase }: { demo: () => DemoService; newDatabase: () => Promise<TestDatabase> },
  work: (copy: Copy) => Promise<void>,
): Promise<void> {
  const service = demo();
  await using server = await listen(service.listener);
  const database = await newDatabase();
  const settings = { base_url: server.url, ...service.settings };
  await using folder = await newFolder({
    "configuration.json": { [service.source]: settings, destination: database.url },
  });
  const command = (...args: string[]) => run(`${service.source}-sync`, args, { cwd: folder.path });
  try {
    expect(await command("sync")).toMatchObject({ status: 0 });
    await work({ database, folder: folder.path, service, command });
  } finally {
    await database.drop();
  }
}

const none = { missing: 0, extra: 0, different: 0, unstorable: 0, unreadable: 0 };

async function differencesOf({ command }: Copy): Promise<Record<string, StreamReport>> {
  const { stdout } = await command("verify", "--json");
  const reports = JSON.parse(stdout) as StreamReport[];
  return Object.fromEntries(reports.map((report) => [report.stream, report]));
}

const demos = [
  ["opik", opikDemo],
  ["wandb", wandbDemo],
  ["countly", countlyDemo],
] as const;

const stateTables = ["_rivulet_state", "_rivulet_sync", "_rivulet_quarantine"];

describe.each(databases)("verify on %s", (_name, newDatabase) => {
  test.each(demos)(
    "finds no difference in what %s-sync has just written, and what the service changed after it",
    async (_source, demo) => {
      await withCopy({ demo, newDatabase }, async (copy) => {
        const state = async () => {
          const tables: unknown[] = [];
          for (const name of stateTables)
            tables.push(await copy.database.query(`select * from ${name}`));
          return tables;
        };
        const before = await state();
        for (const report of Object.values(await differencesOf(copy))) {
          expect(report, report.stream).toMatchObject({ counts: none });
          expect(report.atSource).toBe(report.atDestination);
        }
        expect(await copy.command("verify")).toMatchObject({ status: 0 });
        expect(await copy.command("verify", "--keys-only")).toMatchObject({ status: 0 });
        expect(await state()).toEqual(before);

        copy.service.change();
        const changed = await copy.command("verify");
        expect(changed.stdout).toMatch(/^Run sync, /m);
        expect(changed.status).toBe(1);
        expect(await copy.command("sync")).toMatchObject({ status: 0 });
        expect(await copy.command("verify")).toMatchObject({ status: 0 });
      });
    },
  );

  test("names an edited item of Opik, a masked value, a missing and a surplus row", async () => {
    await withCopy({ demo: opikDemo, newDatabase }, async (copy) => {
      const { database } = copy;
      const items = await database.query(
        "select item_id from opik_dataset_item order by 1 limit 3",
      );
      const [edited = "", masked = "", missing = ""] = items.map((row) => String(row["item_id"]));
      const where = (id: string): string => `where item_id = '${id}'`;
      await database.query(`update opik_dataset_item set inputs = '{"q":1}' ${where(edited)}`);
      await database.query(
        `update opik_dataset_item set outputs = '"[REDACTED]"', description = '*' ${where(masked)}`,
      );
      await database.query(`delete from opik_dataset_item ${where(missing)}`);
      await database.query("insert into opik_dataset_item (item_id) values ('surplus')");
      const { opik_dataset_item: report, ...others } = await differencesOf(copy);
      expect(report).toMatchObject({
        counts: { ...none, missing: 1, extra: 1, different: 2 },
        missing: [`"${missing}"`],
        extra: ['"surplus"'],
        different: [
          { key: `"${edited}"`, columns: ["inputs"] },
          { key: `"${masked}"`, columns: ["outputs", "description"] },
        ],
      });
      for (const other of Object.values(others)) expect(other).toMatchObject({ counts: none });

      const { stdout, status } = await copy.command("verify");
      expect(stdout).toContain(
        `opik_dataset_item: different: "${edited}" (inputs), "${masked}" (outputs, description)\n`,
      );
      expect(stdout).toMatch(
        /^Run sync, which brings what the service has changed .*full-refresh/m,
      );
      expect(stdout).toMatch(/^opik_dataset_item +[\d,]+ +[\d,]+ +1 +1 +2 +0$/m);
      expect(status).toBe(1);
      const keys = await copy.command("verify", "--keys-only");
      expect(keys.stdout).toMatch(/^opik_dataset_item +[\d,]+ +[\d,]+ +1 +1 +0 +0$/m);
      expect(keys.status).toBe(1);

      expect(await copy.command("sync", "--full-refresh")).toMatchObject({ status: 0 });
      expect(await copy.command("verify")).toMatchObject({ status: 0 });
    });
  });

  test("names a cell of a W&B history that was changed by hand", async () => {
    await withCopy({ demo: wandbDemo, newDatabase }, async (copy) => {
      const [row = {}] = await copy.database.query(
        "select * from metrics where metric_value is not null order by 1, 2, 3 limit 1",
      );
      const key = [row["run_id"], Number(row["step"]), row["metric_name"]];
      const cell = `where run_id = '${String(key[0])}' and step = ${String(key[1])} and metric_name = '${String(key[2])}'`;
      await copy.database.query(`update metrics set metric_value = metric_value + 1e-9 ${cell}`);
      const { metrics } = await differencesOf(copy);
      expect(metrics).toMatchObject({
        counts: { ...none, different: 1 },
        different: [{ key: JSON.stringify(key), columns: ["metric_value"] }],
      });
    });
  });

  test("names a value of Countly that was changed by hand, and one that was lost", async () => {
    await withCopy({ demo: countlyDemo, newDatabase }, async (copy) => {
      const users = await copy.database.query(
        "select user_id from users where name is not null and session_count is not null order by 1 limit 2",
      );
      const [renamed = "", lost = ""] = users.map((row) => String(row["user_id"]));
      await copy.database.query(`update users set name = 'x' where user_id = '${renamed}'`);
      await copy.database.query(`update users set session_count = null where user_id = '${lost}'`);
      expect((await differencesOf(copy))["users"]).toMatchObject({
        counts: { ...none, different: 2 },
        different: [
          { key: `"${renamed}"`, columns: ["name"] },
          { key: `"${lost}"`, columns: ["session_count"] },
        ],
      });
    });
  });

  test("says beforehand what it reads; --quiet says nothing", async () => {
    await withCopy({ demo: opikDemo, newDatabase }, async (copy) => {
      const [stored] = await copy.database.query("select count(*) as n from opik_dataset_item");
      const items = Number(stored?.["n"]).toLocaleString("en-US");
      const [first] = logLines(await copy.command("verify"));
      expect(first).toMatchObject({ level: "info" });
      expect(first?.["message"]).toMatch(
        new RegExp(
          "^verify reads everything from the service again and compares every value: " +
            `about [\\d,]+ rows, as stored now \\(opik_project \\d+, opik_dataset \\d+, opik_dataset_item ${items}\\); ` +
            "the largest sync so far took \\d+ requests and \\d+",
        ),
      );
      const some = await copy.command("verify", "--streams", "opik_project", "--keys-only");
      expect(logLines(some)[0]?.["message"]).toMatch(
        /and compares keys: about \d+ rows, as stored now \(opik_project \d+\)$/,
      );
      expect(await copy.command("verify", "--quiet")).toMatchObject({ stderr: "", status: 0 });
    });
  });
});

test("a SQLite file keeps every byte", async () => {
  let path = "";
  const newDatabase = async () => {
    const database = await newSqlite();
    ({ path } = database);
    return database;
  };
  await withCopy({ demo: wandbDemo, newDatabase }, async ({ command }) => {
    const digest = async () =>
      createHash("sha256")
        .update(await readFile(path))
        .digest("hex");
    const before = await digest();
    expect(await command("verify")).toMatchObject({ status: 0 });
    expect(await digest()).toBe(before);
  });
});

test.runIf(hasTerminal)("a terminal shows each stream's progress, as during a sync", async () => {
  await withCopy({ demo: wandbDemo, newDatabase: newSqlite }, async ({ folder }) => {
    const { stdout } = await runOnTerminal("wandb-sync", ["verify"], { cwd: folder, steps: [] });
    expect(stdout).toMatch(/runs {2}█{20} {2}6 of 6 runs {2}/);
    expect(stdout).toMatch(/^metrics +[\d,]+ +[\d,]+ +0 +0 +0 +0/m);
  });
});
