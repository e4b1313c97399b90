import { describe, expect, test } from "vitest";
import { z } from "zod";
import { TransientError } from "../../src/core/errors.ts";
import type { Columns } from "../../src/core/schema.ts";
import type { Source, Stream, StreamBatch } from "../../src/core/source.ts";
import { buildCatalog, selectStreams } from "../../src/singer/catalog.ts";
import { contents } from "../support/contents.ts";
import { databases, newSqlite } from "../support/databases.ts";
import { syncSource } from "../support/sync-source.ts";
import { through } from "./through.ts";

const everyType = {
  id: "integer",
  boolean: "boolean",
  integer: "integer",
  double: "double",
  decimal: "decimal",
  date: "date",
  timestamp: "timestamp",
  string: "string",
  binary: "binary",
  json: "json",
} as const satisfies Columns;

interface Declared {
  readonly parts: readonly (StreamBatch | Error)[];
  readonly columns?: Columns;
  readonly cursor?: string;
}

/** A source whose streams bring these parts. */
function sourceOf(streams: Readonly<Record<string, Declared>>, identity = "here"): Source {
  return {
    name: "given",
    title: "Given",
    config: z.object({}),
    identity: () => identity,
    streams: () => Object.entries(streams).map(([name, declared]) => streamOf(name, declared)),
    check: () => Promise.resolve(),
  };
}

function streamOf(name: string, { parts, columns = everyType, cursor }: Declared): Stream {
  return {
    name,
    columns,
    primaryKey: ["id"],
    ...(cursor === undefined ? {} : { cursor }),
    async *read() {
      for (const part of parts) {
        if (part instanceof Error) throw part;
        yield await Promise.resolve(part);
      }
    },
  };
}

const none = { config: {}, state: "" };

describe.each(databases)("on %s", (_name, newDatabase) => {
  test("values that JSON has trouble with arrive as they do through sync", async () => {
    const rows = [
      { id: 1, boolean: false, integer: 9007199254740993n, double: -0, decimal: "1.10" },
      { id: 2, double: NaN, date: "2026-01-02", timestamp: "2026-01-02T03:04:05.678901+02:00" },
      { id: 3, double: -Infinity, string: 'a "b"\n\u2028\u0000', binary: Uint8Array.of(0, 255) },
      { id: 4, json: '{"a": 1.10,\n "b": [12345678901234567890]}', string: "" },
      { id: 5, json: "null" },
      { id: 6, json: '"text"', string: "\ud800" },
      { id: 7, integer: 2, decimal: 1e21 },
    ];
    const fractions = [
      { id: 1, integer: 1 },
      { id: 2, integer: 1.5 },
      { id: 3, integer: 2 },
    ];
    const source = sourceOf({
      t: { parts: [{ rows }] },
      widened: { parts: [{ rows: fractions }] },
    });
    const [synced, tapped] = [await newDatabase(), await newDatabase()];
    try {
      await syncSource(source, { config: {}, destination: synced.url });
      const { tap } = await through(source, { ...none, destination: tapped.url });
      expect(tap).toEqual({ rejectedCount: 0, failedStreams: [] });
      expect(await contents(tapped)).toEqual(await contents(synced));
    } finally {
      await synced.drop();
      await tapped.drop();
    }
  });

  test("what is changed in part, deleted, swept or comes again has the same end as through sync", async () => {
    const columns = { id: "string", part: "string", n: "integer" } as const;
    const row = (id: string, part: string) => ({ id, part, n: 1 });
    const before: StreamBatch[] = [
      { rows: ["a", "b", "c", "d"].map((id) => row(id, "x")), checkpoint: { page: 1 } },
      {
        rows: ["m", "n"].map((id) => row(id, "y")),
        sweep: { where: { part: "y" }, keys: [["m"], ["n"]] },
      },
    ];
    const after: StreamBatch[] = [
      {
        rows: [row("d", "x")],
        updates: [
          { id: "b", n: 2 },
          { id: "nobody", n: 2 },
          { id: "a", n: 3 },
        ],
        deletes: [["a"]],
      },
      {
        rows: [row("b", "x")],
        sweep: { where: { part: "x" }, range: { column: "id", from: "b" }, keys: [["b"], ["d"]] },
      },
      {
        rows: [row("a", "x"), row("c", "x")],
        deletes: [["c"]],
        partition: "p",
        checkpoint: { n: 1 },
      },
      { rows: [], sweep: { by: ["part"], keys: [["x"]] } },
    ];
    const [synced, tapped] = [await newDatabase(), await newDatabase()];
    try {
      let state = "";
      for (const parts of [before, after]) {
        const source = sourceOf({ t: { parts, columns } });
        await syncSource(source, { config: {}, destination: synced.url });
        ({ state } = await through(source, { config: {}, state, destination: tapped.url }));
      }
      const all = (await contents(synced))["t"] ?? [];
      expect(await contents(tapped)).toEqual(await contents(synced));
      const standing = all.filter(({ _deleted }) => [0, "f"].includes(_deleted as number | string));
      expect(standing.map(({ id }) => id)).toEqual(["a", "b", "d"]);
      expect(JSON.parse(state)).toMatchObject({
        bookmarks: { t: { "": { page: 1 }, p: { n: 1 } } },
      });
    } finally {
      await synced.drop();
      await tapped.drop();
    }
  });
});

describe("a tap", () => {
  test("leaves out what does not fit its column and counts it, and the others are written", async () => {
    const database = await newSqlite();
    try {
      const rows = [
        { id: 1, boolean: "perhaps" },
        { id: 2, json: "{" },
        { boolean: true },
        { id: 4 },
      ];
      const rejected = [{ key: "[5]", payload: "5", reason: "too large" }];
      const sweep = { keys: [[1], [2], [4]] };
      const source = sourceOf({ t: { parts: [{ rows, rejected, sweep }] } });
      const { tap, lines } = await through(source, { ...none, destination: database.url });
      expect(tap).toEqual({ rejectedCount: 4, failedStreams: [] });
      const types = lines.map((line) => (JSON.parse(line) as { type: string }).type);
      expect(types).toEqual(["SCHEMA", "RECORD", "STATE"]);
    } finally {
      await database.drop();
    }
  });

  test("goes on with the next stream when one cannot be read", async () => {
    const database = await newSqlite();
    try {
      const source = sourceOf({
        broken: { parts: [{ rows: [{ id: 1 }] }, new TransientError("gone")] },
        whole: { parts: [{ rows: [{ id: 2 }], sweep: { keys: [[2]] } }] },
      });
      const { tap, lines } = await through(source, { ...none, destination: database.url });
      expect(tap).toEqual({ rejectedCount: 0, failedStreams: ["broken"] });
      const activated = lines
        .map((line) => JSON.parse(line) as { type: string; stream: string })
        .filter(({ type }) => type === "ACTIVATE_VERSION");
      expect(activated.map(({ stream }) => stream)).toEqual(["whole"]);
      expect(Object.keys(await contents(database))).toEqual(["broken", "whole"]);
    } finally {
      await database.drop();
    }
  });

  test("does not tell of sweeps by columns that are not selected", async () => {
    const database = await newSqlite();
    try {
      const parts: StreamBatch[] = [
        { rows: [{ id: 1, string: "x" }], sweep: { where: { string: "x" }, keys: [] } },
        { rows: [{ id: 2 }], sweep: { keys: [[2]] } },
      ];
      const { lines } = await through(sourceOf({ t: { parts } }), {
        ...none,
        destination: database.url,
        wanted: (all) => all.map((wanted) => ({ ...wanted, columns: ["id"] })),
      });
      const sweeps = lines.join("\n").match(/"sweeps":\[.*?\]\}\]/g);
      expect(sweeps).toEqual(['"sweeps":[{"stream":"t","keys":[[2]]}]']);
    } finally {
      await database.drop();
    }
  });

  test("another workspace is not mixed into the same tables", async () => {
    const database = await newSqlite();
    try {
      const parts = [{ rows: [{ id: 1 }] }];
      const options = { ...none, destination: database.url };
      await through(sourceOf({ t: { parts } }, "one"), options);
      await expect(through(sourceOf({ t: { parts } }, "two"), options)).rejects.toThrow(
        /holds a copy of given one, not of given two/,
      );
    } finally {
      await database.drop();
    }
  });
});

describe("a catalog", () => {
  const streams = [
    streamOf("users", { parts: [], cursor: "timestamp" }),
    streamOf("log", { parts: [], columns: { id: "integer", text: "string" } }),
  ];
  const found = buildCatalog(streams) as {
    streams: {
      stream: string;
      metadata: { breadcrumb: string[]; metadata: Record<string, unknown> }[];
    }[];
  };

  test("that was discovered selects everything", () => {
    const wanted = selectStreams(found, streams, "catalog.json");
    expect(wanted.map(({ stream, columns }) => [stream.name, columns])).toEqual([
      ["users", Object.keys(everyType)],
      ["log", ["id", "text"]],
    ]);
    expect(found.streams[0]?.metadata[0]?.metadata).toMatchObject({
      "table-key-properties": ["id"],
      "forced-replication-method": "INCREMENTAL",
      "valid-replication-keys": ["timestamp"],
    });
  });

  test("deselects streams and columns, but never key and cursor", () => {
    const marks = (selected: boolean) => ({ breadcrumb: [], metadata: { selected } });
    const part = (column: string, metadata: object) => ({
      breadcrumb: ["properties", column],
      metadata,
    });
    const columns = ["id", "timestamp", "string", "json"];
    const content = {
      streams: [
        {
          tap_stream_id: "users",
          metadata: [
            marks(true),
            ...Object.keys(everyType).map((column) =>
              part(column, { selected: column === "string" }),
            ),
            part("json", { inclusion: "unsupported", selected: true }),
          ].toReversed(),
        },
        { tap_stream_id: "log", metadata: [marks(false)] },
        { tap_stream_id: "gone", metadata: [marks(false)] },
      ],
    };
    const wanted = selectStreams(content, streams, "catalog.json");
    expect(wanted.map(({ stream, columns }) => [stream.name, columns])).toEqual([
      ["users", columns.slice(0, 3)],
    ]);
  });

  test.each([
    [{ "replication-method": "LOG_BASED" }, /expected INCREMENTAL or FULL_TABLE, got "LOG_BASED"/],
    [
      { "replication-key": "string" },
      /replication-key: only "timestamp" is possible, got "string"/,
    ],
    [{ "table-key-properties": ["string"] }, /the key is id, not string/],
  ])("that asks for %j is refused with the reason", (metadata, message) => {
    const content = {
      streams: [
        {
          stream: "users",
          metadata: [{ breadcrumb: [], metadata: { selected: true, ...metadata } }],
        },
      ],
    };
    expect(() => selectStreams(content, streams, "catalog.json")).toThrow(message);
  });

  test("with a stream that is not there, or of another shape, is refused", () => {
    const unknown = { streams: [{ tap_stream_id: "user", selected: true }] };
    expect(() => selectStreams(unknown, streams, "c.json")).toThrow(
      /c\.json: unknown stream "user"; did you mean "users"/,
    );
    expect(() => selectStreams({ streams: 1 }, streams, "c.json")).toThrow(
      /c\.json: streams: .*--discover/,
    );
  });
});
