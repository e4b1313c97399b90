import { execFile } from "node:child_process";
import { chmod, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { previewCommand } from "../../src/cli/terminal/preview-command.ts";
import { databases } from "../support/databases.ts";
import { useDatabase } from "../destination/fixture.ts";
import { newFolder } from "../support/program.ts";

/** What the shell starts when it is given the command: a program, and its arguments. */
async function startedBy(command: string): Promise<readonly string[]> {
  const record = `#!/bin/sh\nprintf '%s\\0' "$0" "$@" > "$(dirname "$0")/arguments"\n`;
  await using folder = await newFolder({ sqlite3: record, psql: record });
  for (const program of ["sqlite3", "psql"]) await chmod(join(folder.path, program), 0o700);
  const env = { PATH: `${folder.path}:/usr/bin:/bin` };
  await promisify(execFile)("/bin/sh", ["-c", command], { cwd: folder.path, env });
  await expect(stat(join(folder.path, "taken-over"))).rejects.toThrow(/ENOENT/);
  const text = await readFile(join(folder.path, "arguments"), "utf8");
  return text.split("\0").slice(1, -1);
}

const streams = [
  "runs",
  "users; touch taken-over",
  "`touch taken-over`",
  "$(touch taken-over)",
  "it's",
  'a"; DROP TABLE x; --',
  "camelCase",
  "with-dash",
  "two words",
  "order",
  "current_date",
  "1st",
  "back\\slash",
  "!history",
  "größe",
  "x".repeat(100),
];

describe.each(databases)("the command that shows the rows of a table in %s", (_name, create) => {
  const fixture = useDatabase(create);

  test("runs, whatever the stream is called, and runs nothing else", async () => {
    const columns = { id: "string" } as const;
    const tables = streams.map((name) => ({ name, columns, primaryKey: ["id"] }));
    const session = await fixture.session(tables);
    await session.write(streams.map((stream) => ({ stream, rows: [{ id: stream }] })));
    const { label } = await fixture.open();
    for (const stream of streams) {
      const command = previewCommand(label, stream) ?? "";
      const query = (await startedBy(command)).at(-1) ?? "";
      expect(query).toMatch(/^SELECT \* FROM/);
      expect(await fixture.database.query(query)).toMatchObject([{ id: stream }]);
    }
  });
});

test("it names the file, the schema and how to connect", async () => {
  const labels = {
    "sqlite:-rf x.db": "./-rf x.db",
    "postgres://me@h/db?schema=s&sslmode=require&statement_seconds=3":
      "postgres://me@h/db?sslmode=require",
    "postgres:///db?host=/run/postgresql&schema=$(touch taken-over)":
      "postgres:///db?host=%2Frun%2Fpostgresql",
    "postgres://me@/db?host=/run&schema=s": "postgres://me@/db?host=%2Frun",
    "postgres://me@a:1,b:2/db?schema=s": "postgres://me@a:1,b:2/db",
    "postgres://?service=ours": "postgres://?service=ours",
  };
  for (const [label, expected] of Object.entries(labels))
    expect(await startedBy(previewCommand(label, "a") ?? "")).toContain(expected);
});

test("there is none for names that a terminal cannot show, nor for what is no database", () => {
  expect(previewCommand("sqlite:a.db", "a\nb")).toBeUndefined();
  expect(previewCommand("sqlite:a.db", "a\u202eb")).toBeUndefined();
  expect(previewCommand("Archive", "a")).toBeUndefined();
});
