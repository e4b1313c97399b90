import { setTimeout as wait } from "node:timers/promises";
import type { Database } from "better-sqlite3";
import { messageOf } from "../../core/errors.ts";
import type { QueryValue } from "../../core/query.ts";
import { connectForReading } from "./connection.ts";
import { errorCode, isBusy } from "./errors.ts";
import type { QueryCall, QueryReply } from "./query.ts";

// The process that `query.ts` starts. Its first call opens the file and the query; each further
// one asks for the next rows.

const pageRows = 1000;
const pageBytes = 1_000_000;
const pollMs = 20;

let db: Database | undefined;
let rows: IterableIterator<QueryValue[]> | undefined;

// The parent is interrupted, too, and ends this process.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => undefined);
process.on("disconnect", () => {
  rows?.return?.();
  db?.close();
  process.exit();
});
process.on("message", (call: QueryCall) => {
  void answer(call).then((reply) => process.send?.(reply));
});

async function answer(call: QueryCall): Promise<QueryReply> {
  try {
    return call === "next" ? nextPage() : await open(call);
  } catch (error) {
    return { error: describeError(error) };
  }
}

async function open({ path, text, values, busyMs }: Exclude<QueryCall, "next">) {
  db = await connectWhenFree(path, Date.now() + busyMs);
  db.pragma(`busy_timeout = ${busyMs}`);
  const statement = db.prepare<[object], QueryValue[]>(text);
  if (!statement.reader || !statement.readonly) return { isRefused: true } as const;
  rows = statement.raw().safeIntegers().iterate(values);
  return { columns: statement.columns().map(({ name }) => name) };
}

async function connectWhenFree(path: string, deadline: number): Promise<Database> {
  for (;;) {
    try {
      return connectForReading(path);
    } catch (error) {
      if (!isBusy(error) || Date.now() >= deadline) throw error;
    }
    await wait(pollMs);
  }
}

function nextPage(): QueryReply {
  const page: QueryValue[][] = [];
  let bytes = 0;
  while (page.length < pageRows && bytes < pageBytes) {
    const next = rows?.next();
    if (!next || next.done === true) return { page, isLast: true };
    page.push(next.value);
    for (const value of next.value)
      bytes += typeof value === "string" || value instanceof Uint8Array ? value.length : 8;
  }
  return { page, isLast: false };
}

function describeError(error: unknown) {
  const message = messageOf(error);
  const code = errorCode(error);
  const [, kind = "", name = ""] = /^no such (table|column): (.*)$/.exec(message) ?? [];
  const unknown =
    kind === "" ? {} : { unknown: { name: name.split(".").at(-1) ?? "", names: namesOf(kind) } };
  return { message, ...(code === undefined ? {} : { code }), ...unknown };
}

function namesOf(kind: string): string[] {
  const tables = "sqlite_schema where type in ('table', 'view')";
  const query =
    kind === "table"
      ? `select name from ${tables}`
      : `select distinct c.name from (select name as t from ${tables}), pragma_table_info(t) c`;
  return (
    db
      ?.prepare<[], { name: string }>(query)
      .all()
      .map(({ name }) => name) ?? []
  );
}
