import { describe, expect, test } from "vitest";
import { z } from "zod";
import { TransientError } from "../../src/core/errors.ts";
import type { Columns } from "../../src/core/schema.ts";
import type { Source, Stream, StreamBatch } from "../../src/core/source.ts";
import { buildCatalog, selectStreams } from "../../src/singer/catalog.ts";
import { columnTypes } from "../support/column-types.ts";
import { contents } from "../support/contents.ts";
import { databases, newSqlite } from "../support/databases.ts";
import { syncSource } from "../support/sync-source.ts";
import { tapToTarget } from "./tap-to-target.ts";

const everyType = { id: "integer", ...columnTypes } as const satisfies Columns;

interface StreamContent {
  readonly batches: readonly (StreamBatch | Error)[];
  readonly columns?: Columns;
  readonly cursor?: string;
}

/** A source whose streams yield these batches. */
function sourceOf(streams: Readonly<Record<string, StreamContent>>, identity = "here"): Source {
  return {
    name: "given",
    title: "Given",
    config: z.object({}),
    identity: () => identity,
    streams: () => Object.entries(streams).map(([name, content]) => streamOf(name, content)),
    check: () => Promise.resolve(),
  };
}

function streamOf(name: string, { batches, columns = everyType, cursor }: StreamContent): Stream {
  return {
    name,
    columns,
    primaryKey: ["id"],
    ...(cursor === undefined ? {} : { cursor }),
    async *read() {
      for (const batch of batches) {
        if (batch instanceof Error) throw batch;
        yield await Promise.resolve(batch);
      }
    },
  };
}

const fresh = { config: {}, state: "" };

describe.each(databases)("on %s", (_name, newDatabase) => {
  test("stores values that JSON cannot express exactly as sync does", async () => {
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
      t: { batches: [{ rows }] },
      widened: { batches: [{ rows: fractions }] },
    });
    const [synced, tapped] = [await newDatabase(), await newDatabase()];
    try {
      await syncSource(source, { config: {}, destination: synced.url });
      const { tap } = await tapToTarget(source, { ...fresh, destination: tapped.url });
      expect(tap).toEqual({ rejectedCount: 0, failedStreams: [] });
      expect(await contents(tapped)).toEqual(await contents(synced));
    } finally {
      await synced.drop();
      await tapped.drop();
    }
  });

  test("applies updates, deletes, sweeps and returning rows as sync does", async () => {
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
      for (const batches of [before, after]) {
        const source = sourceOf({ t: { batches, columns } });
        await syncSource(source, { config: {}, destination: synced.url });
        ({ state } = await tapToTarget(source, { config: {}, state, destination: tapped.url }));
      }
      const all = (await contents(synced))["t"] ?? [];
      expect(await contents(tapped)).toEqual(await contents(synced));
      const present = all.filter(({ _deleted }) => [0, "f"].includes(_deleted as number | string));
      expect(present.map(({ id }) => id)).toEqual(["a", "b", "d"]);
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
  test("skips and counts rows that do not fit their columns, and writes the others", async () => {
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
      const source = sourceOf({ t: { batches: [{ rows, rejected, sweep }] } });
      const { tap, lines } = await tapToTarget(source, { ...fresh, destination: database.url });
      expect(tap).toEqual({ rejectedCount: 4, failedStreams: [] });
      const types = lines.map((line) => (JSON.parse(line) as { type: string }).type);
      expect(types).toEqual(["SCHEMA", "RECORD", "STATE"]);
    } finally {
      await database.drop();
    }
  });

  test("logs settled gaps as information; they are no rejected rows", async () => {
    const database = await newSqlite();
    try {
      const entry = { payload: "", reason: "9 of 10 lines", settled: true };
      const rejected = Array.from({ length: 25 }, (_, n) => ({ ...entry, key: `run ${n}` }));
      const source = sourceOf({ t: { batches: [{ rows: [{ id: 1 }], rejected }] } });
      const { tap, log } = await tapToTarget(source, { ...fresh, destination: database.url });
      expect(tap).toEqual({ rejectedCount: 0, failedStreams: [] });
      expect(log).toHaveLength(21);
      expect(log[0]).toBe("info t: run 0: 9 of 10 lines; nothing more is expected");
      expect(log.at(-1)).toBe("info t: 25 settled gaps in total");
    } finally {
      await database.drop();
    }
  });

  test("continues with the next stream when one cannot be read", async () => {
    const database = await newSqlite();
    try {
      const source = sourceOf({
        broken: { batches: [{ rows: [{ id: 1 }] }, new TransientError("gone")] },
        whole: { batches: [{ rows: [{ id: 2 }], sweep: { keys: [[2]] } }] },
      });
      const { tap, lines } = await tapToTarget(source, { ...fresh, destination: database.url });
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

  test("drops sweeps that refer to columns that are not selected", async () => {
    const database = await newSqlite();
    try {
      const batches: StreamBatch[] = [
        { rows: [{ id: 1, string: "x" }], sweep: { where: { string: "x" }, keys: [] } },
        { rows: [{ id: 2 }], sweep: { keys: [[2]] } },
      ];
      const { lines } = await tapToTarget(sourceOf({ t: { batches } }), {
        ...fresh,
        destination: database.url,
        select: (all) => all.map((stream) => ({ ...stream, columns: ["id"] })),
      });
      const sweeps = lines.join("\n").match(/"sweeps":\[.*?\]\}\]/g);
      expect(sweeps).toEqual(['"sweeps":[{"stream":"t","keys":[[2]]}]']);
    } finally {
      await database.drop();
    }
  });

  test("refuses to mix another workspace into the same tables", async () => {
    const database = await newSqlite();
    try {
      const batches = [{ rows: [{ id: 1 }] }];
      const options = { ...fresh, destination: database.url };
      await tapToTarget(sourceOf({ t: { batches } }, "one"), options);
      await expect(tapToTarget(sourceOf({ t: { batches } }, "two"), options)).rejects.toThrow(
        /holds a copy of given one, not of given two/,
      );
    } finally {
      await database.drop();
    }
  });
});

describe("a catalog", () => {
  const streams = [
    streamOf("users", { batches: [], cursor: "timestamp" }),
    streamOf("log", { batches: [], columns: { id: "integer", text: "string" } }),
  ];
  const discovered = buildCatalog(streams) as {
    streams: {
      stream: string;
      metadata: { breadcrumb: string[]; metadata: Record<string, unknown> }[];
    }[];
  };

  test("selects everything as discovered", () => {
    const selected = selectStreams(discovered, streams, "catalog.json");
    expect(selected.map(({ stream, columns }) => [stream.name, columns])).toEqual([
      ["users", Object.keys(everyType)],
      ["log", ["id", "text"]],
    ]);
    expect(discovered.streams[0]?.metadata[0]?.metadata).toMatchObject({
      "table-key-properties": ["id"],
      "forced-replication-method": "INCREMENTAL",
      "valid-replication-keys": ["timestamp"],
    });
  });

  test("deselects streams and columns, but never the key or the cursor", () => {
    const streamMetadata = (selected: boolean) => ({ breadcrumb: [], metadata: { selected } });
    const columnMetadata = (column: string, metadata: object) => ({
      breadcrumb: ["properties", column],
      metadata,
    });
    const columns = ["id", "timestamp", "string", "json"];
    const content = {
      streams: [
        {
          tap_stream_id: "users",
          metadata: [
            streamMetadata(true),
            ...Object.keys(everyType).map((column) =>
              columnMetadata(column, { selected: column === "string" }),
            ),
            columnMetadata("json", { inclusion: "unsupported", selected: true }),
          ].toReversed(),
        },
        { tap_stream_id: "log", metadata: [streamMetadata(false)] },
        { tap_stream_id: "gone", metadata: [streamMetadata(false)] },
      ],
    };
    const selected = selectStreams(content, streams, "catalog.json");
    expect(selected.map(({ stream, columns }) => [stream.name, columns])).toEqual([
      ["users", columns.slice(0, 3)],
    ]);
  });

  test.each([
    [{ "replication-method": "LOG_BASED" }, /expected INCREMENTAL or FULL_TABLE, got "LOG_BASED"/],
    [{ "replication-key": "string" }, /replication-key: expected "timestamp", got "string"/],
    [{ "table-key-properties": ["string"] }, /table-key-properties: expected id, got string/],
  ])("is refused with the reason if it asks for %j", (metadata, message) => {
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

  test("is refused if it names an unknown stream or is malformed", () => {
    const unknown = { streams: [{ tap_stream_id: "user", selected: true }] };
    expect(() => selectStreams(unknown, streams, "c.json")).toThrow(
      /c\.json: unknown stream "user"; did you mean "users"/,
    );
    expect(() => selectStreams({ streams: 1 }, streams, "c.json")).toThrow(
      /c\.json: streams: .*--discover/,
    );
  });
});
