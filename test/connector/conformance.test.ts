import { describe, expect, test } from "vitest";
import { helpdesk } from "../../docs/extend/example/helpdesk.ts";
import { conformance, type Check } from "../../src/connector/conformance/suite.ts";
import { text } from "../../src/core/config-field.ts";
import type { ReadOptions, Source, Stream, StreamBatch } from "../../src/core/source.ts";
import { startServer } from "../support/http-server.ts";

/** A help desk with a few agents, on three pages of tickets. */
async function start() {
  const agents = [{ id: "a", name: "Ada", active: true }];
  const tickets = Array.from({ length: 250 }, (_, id) => ({
    ...{ id, subject: `ticket ${id}` },
    updated_at: new Date(Date.UTC(2026, 0, 1, 0, id)).toISOString(),
  }));
  const server = await startServer(({ url, headers }, response) => {
    const known = headers.authorization === "Bearer desk-key";
    const since = url.searchParams.get("updated_since") ?? "";
    const rows = url.pathname === "/agents" ? agents : tickets.filter((t) => t.updated_at >= since);
    const size = Number(url.searchParams.get("size") ?? 10);
    const from = (Number(url.searchParams.get("page") ?? 1) - 1) * size;
    response.writeHead(known ? 200 : 401, { "content-type": "application/json" });
    response.end(JSON.stringify({ total: rows.length, data: rows.slice(from, from + size) }));
  });
  const configuration = { api_key: "desk-key", base_url: server.url };
  return {
    configuration,
    refused: { ...configuration, api_key: "another-key" },
    change() {
      agents.pop();
      agents.push({ id: "b", name: "Bo", active: false });
    },
    [Symbol.asyncDispose]: () => server.close(),
  };
}

function checksOf(connector: Source): readonly Check[] {
  return conformance({ connector, start });
}

describe("the example of the page on adding a source", () => {
  for (const { name, run } of checksOf(helpdesk)) test(name, run);
});

/** The help desk, with other streams. */
function withStreams(change: (stream: Stream) => Stream): Source {
  return {
    ...helpdesk,
    streams: (config, context) =>
      helpdesk.streams(helpdesk.config.parse(config), context).map(change),
  };
}

/** The help desk, reading in another way. */
function reading(
  read: (stream: Stream, options: ReadOptions) => AsyncGenerator<StreamBatch, void>,
): Source {
  return withStreams((stream) => ({ ...stream, read: (options) => read(stream, options) }));
}

function without(name: "checkpoint" | "sweep", part: StreamBatch): StreamBatch {
  return {
    ...Object.fromEntries(Object.entries(part).filter(([key]) => key !== name)),
    rows: part.rows,
  };
}

const broken: readonly (readonly [name: string, source: Source, complaint: RegExp])[] = [
  [
    "comes to the same tables when it was interrupted after any batch, and resumed",
    // Saves at the start what is true at the end only.
    reading(async function* (stream, options) {
      if (options.checkpoints.size > 0 && !options.fullRefresh) return;
      yield { rows: [], checkpoint: { done: true } };
      for await (const part of stream.read(options)) yield without("checkpoint", part);
    }),
    /interrupted after batch/,
  ],
  [
    "writes nothing in a second sync, nor in a full refresh",
    reading(async function* (stream, options) {
      for await (const part of stream.read(options))
        yield { ...part, rows: part.rows.map((row) => ({ ...row, raw: `${Math.random()}` })) };
    }),
    /written again/,
  ],
  [
    "finds what is new, changed and gone: the next sync comes to the same rows as a new copy",
    reading(async function* (stream, options) {
      for await (const part of stream.read(options)) yield without("sweep", part);
    }),
    /Expected values to be strictly deep-equal/,
  ],
  [
    "reads rows that have their key, no column that is not declared, and values of the columns' types",
    reading(async function* (stream, options) {
      for await (const part of stream.read(options))
        yield { ...part, rows: part.rows.map((row) => ({ ...row, extra: 1 })) };
    }),
    /extra is none of its columns/,
  ],
  [
    "declares streams with columns, a key among them, and a cursor among them",
    withStreams((stream) => ({ ...stream, primaryKey: ["nothing"] })),
    /nothing is none of its columns/,
  ],
  [
    "stops reading when it is told to",
    reading(async function* () {
      await Promise.resolve();
      yield { rows: [] };
    }),
    /expected an error, got none|went on/,
  ],
  [
    "shows its secrets neither in the log, nor in tables, state or identity",
    { ...helpdesk, identity: (config) => helpdesk.config.parse(config).api_key },
    /a secret is shown/,
  ],
  [
    "refuses a login that is wrong with a ConfigError, which shows no secret",
    { ...helpdesk, check: () => Promise.reject(new Error("no")) },
    /expected a ConfigError, got no/,
  ],
  [
    "describes every key of its configuration, and declares secrets as such",
    { ...helpdesk, config: helpdesk.config.extend({ password: text({ description: "It." }) }) },
    /password: looks like a secret/,
  ],
];

describe("a source is told", () => {
  test.each(broken)("that it does not do this: %s", async (name, source, complaint) => {
    const check = checksOf(source).find((candidate) => candidate.name === name);
    await expect(check?.run()).rejects.toThrow(complaint);
  });
});
