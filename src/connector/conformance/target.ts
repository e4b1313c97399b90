import assert from "node:assert/strict";
import type { Columns, Key, Row, Table } from "../../core/schema.ts";
import type { Changes, Writer } from "../connector.ts";
import { targetTable, type TargetTable } from "../target-table.ts";
import { parseConfig, Sandbox } from "./sandbox.ts";
import type { CheckDefinition, TargetStandIn, TargetSubject } from "./subject.ts";

const tableName = "conformance";

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

/** Checks that a target stores rows by key, and deletes them. */
export function targetChecks(subject: TargetSubject): readonly CheckDefinition[] {
  const fixture = new TargetFixture(subject);
  return [
    {
      name: "stores complete rows by the time write() resolves, and a repeated write only once",
      run: () =>
        fixture.use(async (writer, service) => {
          for (let times = 0; times < 2; times += 1) {
            await writer.write([fixture.changes(rows)]);
            assert.deepEqual(names(service), ["", "one", "two"]);
          }
          for (const row of received(service)) {
            for (const column of Object.keys(fixture.table.columns))
              assert.ok(column in row, `${column} is missing`);
          }
        }),
    },
    {
      name: "replaces changed rows, and deletes deleted ones",
      run: () =>
        fixture.use(async (writer, service) => {
          await writer.write([fixture.changes(rows)]);
          await writer.write([fixture.changes([{ ...rows[0], name: "new" }], [[2]])]);
          assert.deepEqual(names(service), ["", "new"]);
        }),
    },
    {
      name: "has no empty reserved key after the first, which is its primary key",
      run() {
        assert.ok(subject.connector.reservedKeys.slice(1).every((name) => name !== ""));
      },
    },
  ];
}

/** A target, and a table that also has a column of each of its reserved names. */
class TargetFixture {
  readonly #subject: TargetSubject;
  readonly #reserved: readonly string[];
  readonly #table: TargetTable;

  constructor(subject: TargetSubject) {
    this.#subject = subject;
    this.#reserved = subject.connector.reservedKeys.filter((name) => name !== "");
    const reserved = Object.fromEntries(this.#reserved.map((name) => [name, "string"] as const));
    const stream = { name: tableName, columns: { ...columns, ...reserved }, primaryKey: ["id"] };
    this.#table = targetTable(stream, subject.connector);
  }

  get table(): Table {
    return this.#table.table;
  }

  changes(changed: readonly Row[], deletes: readonly Key[] = []): Changes {
    const reserved = Object.fromEntries(this.#reserved.map((name) => [name, "reserved"]));
    const complete = changed.map((row) => ({ ...reserved, ...row }));
    return this.#table.changes({ stream: tableName, rows: complete, deletes }).changes;
  }

  async use(act: (writer: Writer, service: TargetStandIn) => Promise<void>): Promise<void> {
    const { connector, start } = this.#subject;
    await using service = await start();
    await using sandbox = await Sandbox.open();
    const config = parseConfig(connector, service.configuration);
    await using writer = await connector.open(config, sandbox.context());
    await writer.prepare([this.table]);
    await act(writer, service);
  }
}

function received(service: TargetStandIn): readonly Readonly<Record<string, unknown>>[] {
  return service.received()[tableName] ?? [];
}

function names(service: TargetStandIn): string[] {
  return received(service)
    .map((row) => String(row["name"]))
    .sort();
}
