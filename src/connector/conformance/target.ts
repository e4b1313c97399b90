import assert from "node:assert/strict";
import type { Columns, Key, Row, Table } from "../../core/schema.ts";
import type { Changes, Writer } from "../connector.ts";
import type { CheckDefinition, TargetStandIn, TargetSubject } from "./subject.ts";
import { targetTable, type TargetTable } from "../target-table.ts";
import { parseConfig, Sandbox } from "./sandbox.ts";

const table = "conformance";

const columns = {
  id: "integer",
  name: "string",
  active: "boolean",
  score: "double",
  seen_at: "timestamp",
  raw: "json",
} as const satisfies Columns;

const rows: readonly Row[] = [
  { id: 1, name: "one", active: true, score: 1.5, seen_at: "2026-01-01T00:00:00Z", raw: "{}" },
  { id: 2, name: "two", active: false, score: -0.25, seen_at: null, raw: '{"a":[1,2]}' },
  { id: 3, name: "", active: null, score: null, seen_at: null, raw: null },
];

/** That a target keeps what it was given, under its key, and lets go of what is gone. */
export function targetChecks(subject: TargetSubject): readonly CheckDefinition[] {
  const bench = new TargetFixture(subject);
  return [
    {
      name: "keeps what it was given once it says so, whole, and only once where it comes again",
      run: () =>
        bench.use(async (writer, service) => {
          for (let times = 0; times < 2; times += 1) {
            await writer.write([bench.changes(rows)]);
            assert.deepEqual(names(service), ["", "one", "two"]);
          }
          for (const row of received(service)) {
            for (const column of Object.keys(bench.table.columns))
              assert.ok(column in row, `${column} is missing`);
          }
        }),
    },
    {
      name: "replaces a row that changed, and lets go of one that is gone",
      run: () =>
        bench.use(async (writer, service) => {
          await writer.write([bench.changes(rows)]);
          await writer.write([bench.changes([{ ...rows[0], name: "new" }], [[2]])]);
          assert.deepEqual(names(service), ["", "new"]);
        }),
    },
    {
      name: "has a name for its own primary key first, and none that is empty after it",
      run() {
        assert.ok(subject.connector.reservedKeys.slice(1).every((name) => name !== ""));
      },
    },
  ];
}

/** A target, and a table whose columns have all its reserved names as well. */
class TargetFixture {
  readonly #subject: TargetSubject;
  readonly #reserved: readonly string[];
  readonly #table: TargetTable;

  constructor(subject: TargetSubject) {
    this.#subject = subject;
    this.#reserved = subject.connector.reservedKeys.filter((name) => name !== "");
    const taken = Object.fromEntries(this.#reserved.map((name) => [name, "string"] as const));
    const stream = { name: table, columns: { ...columns, ...taken }, primaryKey: ["id"] };
    this.#table = targetTable(stream, subject.connector);
  }

  get table(): Table {
    return this.#table.table;
  }

  changes(some: readonly Row[], deletes: readonly Key[] = []): Changes {
    const taken = Object.fromEntries(this.#reserved.map((name) => [name, "taken"]));
    const filled = some.map((row) => ({ ...taken, ...row }));
    return this.#table.changes({ stream: table, rows: filled, deletes }).changes;
  }

  async use(act: (writer: Writer, service: TargetStandIn) => Promise<void>): Promise<void> {
    const { connector, start } = this.#subject;
    await using service = await start();
    await using trial = await Sandbox.open();
    const config = parseConfig(connector, service.configuration);
    await using writer = await connector.open(config, trial.context());
    await writer.prepare([this.table]);
    await act(writer, service);
  }
}

function received(service: TargetStandIn): readonly Readonly<Record<string, unknown>>[] {
  return service.received()[table] ?? [];
}

function names(service: TargetStandIn): string[] {
  return received(service)
    .map((row) => String(row["name"]))
    .sort();
}
