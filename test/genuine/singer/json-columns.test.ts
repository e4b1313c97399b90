import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, inject, test } from "vitest";
import { memorySource } from "../../fivetran/memory-source.ts";
import { tapToTarget } from "../../singer/tap-to-target.ts";
import { newPostgres, newSqlite, type TestDatabase } from "../../support/databases.ts";

const targets = inject("genuineTargets");

let database: TestDatabase;
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "rivulet-genuine-target-"));
});

afterEach(async () => {
  await database.drop();
  await rm(folder, { recursive: true });
});

/** What our tap writes for rows of an id, a JSON column and a double. */
async function tapOutput(values: readonly unknown[]): Promise<string> {
  const own = await newSqlite();
  const columns = { id: "integer", j: "json", d: "double" } as const;
  const rows = values.map((value, id) => ({ id, j: JSON.stringify(value), d: 2 ** 63 }));
  const source = memorySource({ columns, read: [{ rows }] });
  try {
    const copied = await tapToTarget(source, { config: {}, state: "", destination: own.url });
    return `${copied.lines.join("\n")}\n`;
  } finally {
    await own.drop();
  }
}

/** Starts the target's own `main`; one of them needs a name that Python 3.10 has moved. */
const start = (module: string, main: string) =>
  `import collections, collections.abc; collections.MutableMapping = collections.abc.MutableMapping; from ${module} import ${main}`;

interface Run {
  readonly target: keyof typeof targets;
  readonly main: string;
  readonly config: object;
  readonly input: string;
}

async function runTarget({ target, main, config, input }: Run): Promise<string> {
  const found = targets[target];
  if ("missing" in found) throw new Error(found.missing);
  const file = join(folder, "config.json");
  await writeFile(file, JSON.stringify(config));
  const { status, stderr } = spawnSync(found.python, ["-c", main, "--config", file], { input });
  return status === 0 ? "" : `${status}: ${stderr.toString()}`;
}

/** Keys of the connection, as either target for Postgres names them. */
async function onPostgres(): Promise<object> {
  const made = await newPostgres();
  database = made;
  const { hostname: host, port, username: user, password, pathname } = new URL(made.url);
  const name = pathname.slice(1);
  return {
    ...{ host, port: Number(port), user, password, dbname: name, database: name },
    default_target_schema: made.schema,
  };
}

const stored = (table: string) => `SELECT id, j, d FROM ${table} ORDER BY id`;

test.skipIf("missing" in targets["pipelinewise-target-postgres"])(
  "pipelinewise-target-postgres keeps objects, arrays, numbers and booleans of a JSON column",
  async () => {
    const config = await onPostgres();
    const main = `${start("target_postgres", "main")}; main()`;
    const run = { target: "pipelinewise-target-postgres", main, config } as const;
    const input = await tapOutput([{ a: [1.5, null] }, [1, "x"], 7, true]);
    expect(await runTarget({ ...run, input })).toBe("");
    const rows = await database.query(stored("things"));
    expect(rows.map(({ j }) => j)).toEqual(['{"a": [1.5, null]}', '[1, "x"]', "7", "true"]);
    expect(rows.map(({ d }) => Number(d))).toEqual(Array<number>(4).fill(2 ** 63));
    // It does not quote text, so that Postgres refuses it: said in the documentation.
    expect(await runTarget({ ...run, input: await tapOutput(["text"]) })).toMatch(/invalid input/);
  },
);

test.skipIf("missing" in targets["meltanolabs-target-postgres"])(
  "meltanolabs-target-postgres keeps every value of a JSON column",
  async () => {
    const config = await onPostgres();
    const main = `${start("target_postgres.target", "TargetPostgres")}; TargetPostgres.cli()`;
    const input = await tapOutput([{ a: [1.5, null] }, [1, "x"], 7, true, "text"]);
    const run = { target: "meltanolabs-target-postgres", main, config, input } as const;
    expect(await runTarget(run)).toBe("");
    const rows = await database.query(stored("things"));
    expect(rows.map(({ j }) => j)).toEqual([
      ...['{"a": [1.5, null]}', '[1, "x"]', "7", "true", '"text"'],
    ]);
  },
);

test.skipIf("missing" in targets["target-sqlite"])(
  "target-sqlite keeps every value of a JSON column, as Python writes it",
  async () => {
    const made = await newSqlite();
    database = made;
    const main = `${start("target_sqlite", "main")}; main()`;
    const input = await tapOutput([{ a: [1.5, null] }, [1, "x"], 7, true, "text"]);
    const config = { database: made.path };
    expect(await runTarget({ target: "target-sqlite", main, config, input })).toBe("");
    const rows = await database.query(stored("things"));
    expect(rows.map(({ j }) => String(j))).toEqual([
      ...["{'a': [1.5, None]}", "[1, 'x']", "7", "1", "text"],
    ]);
  },
);
