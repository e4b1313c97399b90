import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { promisify } from "node:util";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newLog } from "../../src/core/log.ts";
import { openDestination } from "../../src/destination/open.ts";
import { databases, type TestDatabase } from "../support/databases.ts";
import { logLines, newFolder, run, start } from "../support/program.ts";
import { hasTerminal, runOnTerminal } from "../support/terminal.ts";

const columns = { id: "string", step: "integer", value: "double", note: "string" } as const;
const numbers = Array.from({ length: 5000 }, (_, n) => ({ id: `n${n}`, step: n, value: n / 2 }));
const rows = [
  { id: "a", step: 9007199254740993n, value: 0.1, note: 'say "hi",\nthen\tgo \\' },
  { id: "b", step: -1n, value: -0.5, note: "" },
  { id: "c", step: null, value: null, note: null },
];

async function fill({ url }: TestDatabase): Promise<void> {
  const log = newLog(() => undefined, "severe");
  await using destination = await openDestination(url, { log });
  await using session = await destination.lock({ name: "test", identity: "test" });
  const names = ["things", "numbers"];
  await session.prepare(names.map((name) => ({ name, columns, primaryKey: ["id"] })));
  await session.write([
    { stream: "things", rows },
    { stream: "numbers", rows: numbers },
  ]);
}

const execute = promisify(execFile);
const bin = resolve(import.meta.dirname, "../../bin/wandb-sync.js");

/** Without an end, so that only an interruption ends it. */
const endless =
  "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT 1 FROM c WHERE x < 2) SELECT count(*) FROM c";

describe.each(databases)("query on %s", (dialect, newDatabase) => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await newDatabase();
    await fill(database);
  });
  afterAll(() => database.drop());

  async function query(args: readonly string[], program = "wandb-sync") {
    const ended = await run(program, ["query", "--destination", database.url, ...args]);
    const [{ message = "" } = {}] = logLines(ended);
    return { ...ended, message: String(message) };
  }
  /** Runs a pipeline in bash, in which `|` and arguments stand for the command with them. */
  async function inShell(pipeline: string) {
    const program = `"${process.execPath}" "${bin}" query --destination "${database.url}"`;
    return await execute("bash", ["-c", pipeline.replace("|", `| ${program}`).replace(/^\| /, "")]);
  }
  const all = "SELECT id, step, value, note FROM things ORDER BY id";

  test("prints rows as TSV, CSV, JSON and JSON lines, in which no digit is lost", async () => {
    const tsv = [
      "id\tstep\tvalue\tnote",
      'a\t9007199254740993\t0.1\tsay "hi",\\nthen\\tgo \\\\',
      "b\t-1\t-0.5\t",
      "c\t\t\t",
    ];
    expect((await query([all])).stdout).toBe(`${tsv.join("\n")}\n`);
    const csv = [
      "id,step,value,note",
      'a,9007199254740993,0.1,"say ""hi"",\nthen\tgo \\"',
      'b,-1,-0.5,""',
      "c,,,",
    ];
    expect((await query(["--csv", all], "rivulet")).stdout).toBe(`${csv.join("\n")}\n`);
    const objects = [
      String.raw`{"id":"a","step":9007199254740993,"value":0.1,"note":"say \"hi\",\nthen\tgo \\"}`,
      '{"id":"b","step":-1,"value":-0.5,"note":""}',
      '{"id":"c","step":null,"value":null,"note":null}',
    ];
    expect((await query(["--nl", all])).stdout).toBe(`${objects.join("\n")}\n`);
    const { stdout } = await query(["--json", all]);
    expect(stdout).toBe(`[\n  ${objects.join(",\n  ")}\n]\n`);
    expect((await query(["--json", `${all} LIMIT 0`])).stdout).toBe("[]\n");
  });

  test("keeps columns of one name apart, bytes, and numbers that JSON lacks", async () => {
    const odd = {
      sqlite: "SELECT 1 AS a, 2 AS a, x'00ff' AS b, 1e999 AS c, 12345678901234567890.0 > 0 AS d",
      postgres: `SELECT 1 AS a, 2 AS a, '\\x00ff'::bytea AS b, 'Infinity'::float8 AS c, true AS d,
        12345678901234567890.10 AS e, '{"x":\n 1.0}'::json AS f`,
    };
    const text = odd[dialect];
    const { stdout } = await query(["--nl", text]);
    const expected = {
      sqlite: '{"a":1,"a_2":2,"b":"AP8=","c":"Infinity","d":1}\n',
      postgres:
        '{"a":1,"a_2":2,"b":"AP8=","c":"Infinity","d":true,"e":12345678901234567890.10,"f":{"x":1.0}}\n',
    };
    expect(stdout).toBe(expected[dialect]);
    expect((await query([text])).stdout).toMatch(/^a\ta\tb\tc.*\n1\t2\t00ff\tInfinity\t/);
  });

  test("takes parameters, a file and standard input", async () => {
    const sql = "SELECT id, ':id' AS x /* :id */ FROM things WHERE id = :id OR step = :step -- :id";
    const parameters = ["-p", "id=b", "--param", "step=9007199254740993"];
    const { stdout } = await query([...parameters, "--nl", sql]);
    expect(stdout).toBe('{"id":"a","x":":id"}\n{"id":"b","x":":id"}\n');
    const aggregate = "SELECT count(*) AS n FROM numbers HAVING max(value) > :least";
    expect((await query(["-p", "least=2.5", aggregate])).stdout).toBe("n\n5000\n");
    const text = `-- a comment\n${dialect === "sqlite" ? "SELECT 7 AS n;" : "(SELECT 7 AS n);\n"}`;
    await using folder = await newFolder({ "q.sql": text });
    expect((await query(["--file", `${folder.path}/q.sql`])).stdout).toBe("n\n7\n");
    expect(await query(["--file", `${folder.path}/none.sql`])).toMatchObject({ status: 2 });
    expect((await inShell("echo SELECT 8 AS n | -")).stdout).toBe("n\n8\n");
    expect((await query(["SELECT :id"])).message).toBe("query: no value for :id; add -p id=VALUE");
    expect((await query(["-p", "x=1", "SELECT 1"])).message).toMatch(/^-p x: the query has no :x/);
    expect((await query(["-p", "x", "SELECT 1"])).message).toMatch(/expected NAME=VALUE/);
  });

  test("refuses whatever does not only read, and writes nothing", async () => {
    const refused = {
      sqlite: [
        "PRAGMA user_version = 7",
        "ATTACH 'other.db' AS other",
        "VACUUM INTO 'other.db'",
        "WITH x AS (SELECT 1) DELETE FROM things RETURNING id",
      ],
      postgres: [
        "COPY things TO STDOUT",
        "COPY things TO PROGRAM 'true'",
        "WITH x AS (DELETE FROM things RETURNING id) SELECT * FROM x",
        "SELECT nextval('made')",
        "SELECT set_config('transaction_read_only', 'off', false), nextval('made')",
        "SELECT * INTO copied FROM things",
        "SELECT id FROM things FOR UPDATE",
        "EXPLAIN ANALYZE DELETE FROM things",
        "DO $$ BEGIN DELETE FROM things; END $$",
      ],
    };
    if (dialect === "postgres") await database.query("CREATE SEQUENCE made");
    const statements = [
      ...refused[dialect],
      "DELETE FROM things",
      "INSERT INTO things (id) VALUES ('z') RETURNING id",
      "CREATE TABLE made2 (x int)",
      "BEGIN",
    ];
    for (const statement of statements) {
      const { status, message, stdout } = await query([statement]);
      expect({ statement, status, stdout }).toEqual({ statement, status: 2, stdout: "" });
      expect(message).toMatch(/^query: .* (?:is refused|not allowed)/);
    }
    for (const several of ["SELECT 1; SELECT 2", "SELECT 1; DELETE FROM things"])
      expect((await query([several])).message).toBe(
        "query: runs one statement at a time; remove what follows the first",
      );
    expect(await database.query("SELECT count(*) AS n FROM things")).toEqual([
      { n: dialect === "sqlite" ? 3 : "3" },
    ]);
  });

  test("says in one sentence what is wrong with the SQL, where, and what was meant", async () => {
    const messages = {
      "SELECT * FROM thingz": /"?thingz"?.*did you mean "things"\?$/,
      "SELECT ide FROM things": /column:? "?ide"?.*did you mean "id"\?$/,
      "SELECT 1\n  FORM x FORM": /syntax error/,
      "SELECT :id,\n  2 + FROM things": /near "FROM".*\(line 2, column 7\)$/,
      "": /there is no SQL/,
      "/* nothing */ ; -- at all": /there is no SQL/,
    };
    for (const [sql, expected] of Object.entries(messages)) {
      const parameters = sql.includes(":id") ? ["-p", "id=1234567"] : [];
      const { status, message, stderr } = await query([...parameters, sql]);
      expect({ sql, status }).toEqual({ sql, status: 2 });
      expect(message).toMatch(expected);
      expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    }
  });

  test("ends a query without an end on Ctrl-C, and by itself after its time", async () => {
    const running = start("wandb-sync", ["query", "--destination", database.url, endless]);
    await wait(3000);
    running.child.kill("SIGINT");
    expect(await running.ended).toMatchObject({ status: 130, stdout: "" });
    const late = await query(["--timeout", "1", endless]);
    expect(late).toMatchObject({ status: 2 });
    expect(late.message).toMatch(/took longer than 1 s; .* --timeout/);
    if (dialect !== "postgres") return;
    const active = `SELECT 1 FROM pg_stat_activity WHERE query LIKE '%c WHERE x < 2%' AND pid <> pg_backend_pid()`;
    expect(await database.query(active)).toEqual([]);
  });

  test("limits the rows, and ends when nobody reads on", async () => {
    const many = "SELECT step FROM numbers ORDER BY step";
    expect((await query(["--limit", "2", many])).stdout).toBe("step\n0\n1\n");
    expect((await query([many])).stdout.split("\n")).toHaveLength(5002);
    const series = {
      sqlite: "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c",
      postgres: "SELECT generate_series(1, 1000000000) AS x",
    };
    const statuses = "; echo ${PIPESTATUS[0]}";
    const { stdout, stderr } = await inShell(`| "${series[dialect]}" | head -1 ${statuses}`);
    expect({ stdout, stderr }).toEqual({ stdout: "x\n0\n", stderr: "" });
  });

  test.runIf(hasTerminal)("is a table on a terminal, which says that there is more", async () => {
    await using folder = await newFolder();
    const onTerminal = async (...args: string[]) => {
      const words = ["query", "--destination", database.url, ...args];
      return await runOnTerminal("wandb-sync", words, { cwd: folder.path, steps: [] });
    };
    const { stdout } = await onTerminal(
      "--limit",
      "2",
      "SELECT id, step FROM numbers ORDER BY step",
    );
    expect(stdout.replaceAll("\r", "")).toBe(
      "id  step\nn0     0\nn1     1\n(the first 2 rows, and there are more: raise --limit)\n",
    );
    const long = await onTerminal(
      `SELECT id, note, id AS twice FROM things WHERE id = :x`,
      "-p",
      "x=a",
    );
    expect(long.stdout).toMatch(/\(1 row\)/);
    const csv = await onTerminal("--csv", "SELECT :esc AS y", "-p", "esc=\u001b[31m");
    expect(csv.stdout).toContain("\\u001b[31m");
  });
});

test("query makes no database, and says how there comes to be one", async () => {
  await using folder = await newFolder();
  const ended = await run("wandb-sync", ["query", "SELECT 1"], { cwd: folder.path });
  expect(ended.status).toBe(2);
  expect(logLines(ended)[0]?.["message"]).toBe(
    "sqlite:./warehouse.db: there is no such database yet; sync into it first, as with wandb-sync",
  );
  expect(existsSync(`${folder.path}/warehouse.db`)).toBe(false);
  const both = await run("wandb-sync", ["query", "SELECT 1", "--csv", "--nl"], {
    cwd: folder.path,
  });
  expect(both.status).toBe(2);
});

test("query needs no key: not the service's, nor any other setting of its section", async () => {
  await using folder = await newFolder({
    "configuration.json": { destination: "sqlite:./a.db", wandb: { api_key: "${NOT_SET}" } },
  });
  const log = newLog(() => undefined, "severe");
  await using destination = await openDestination(`sqlite:${folder.path}/a.db`, { log });
  await (await destination.lock({ name: "wandb", identity: "x" }))[Symbol.asyncDispose]();
  const ended = await run("wandb-sync", ["query", "SELECT 1 AS n"], { cwd: folder.path });
  expect(ended).toMatchObject({ status: 0, stdout: "n\n1\n" });
});
