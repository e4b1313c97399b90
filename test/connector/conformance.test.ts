import { describe, expect, test } from "vitest";
import { helpdesk } from "../../docs/extend/example/helpdesk.ts";
import { conformance, type Check } from "../../src/connector/conformance/suite.ts";
import { text } from "../../src/core/config-field.ts";
import type { ReadOptions, Source, Stream, StreamBatch } from "../../src/core/source.ts";
import { startServer } from "../support/http-server.ts";

/** Starts a help desk with an agent and three pages of tickets. */
async function start() {
  const agents = [{ id: "a", name: "Ada", active: true }];
  const tickets = Array.from({ length: 250 }, (_, id) => ({
    ...{ id, subject: `ticket ${id}` },
    updated_at: new Date(Date.UTC(2026, 0, 1, 0, id)).toISOString(),
  }));
  const server = await startServer(({ url, headers }, response) => {
    const isAuthorized = headers.authorization === "Bearer desk-key";
    const since = url.searchParams.get("updated_since") ?? "";
    const rows = url.pathname === "/agents" ? agents : tickets.filter((t) => t.updated_at >= since);
    const size = Number(url.searchParams.get("size") ?? 10);
    const from = (Number(url.searchParams.get("page") ?? 1) - 1) * size;
    response.writeHead(isAuthorized ? 200 : 401, { "content-type": "application/json" });
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

describe("the example in docs/extend/source.md", () => {
  for (const { name, run } of checksOf(helpdesk)) test(name, run);
});

/** The help desk with changed streams. */
function withStreams(change: (stream: Stream) => Stream): Source {
  return {
    ...helpdesk,
    streams: (config, context) =>
      helpdesk.streams(helpdesk.config.parse(config), context).map(change),
  };
}

/** The help desk with a different `read()`. */
function reading(
  read: (stream: Stream, options: ReadOptions) => AsyncGenerator<StreamBatch, void>,
): Source {
  return withStreams((stream) => ({ ...stream, read: (options) => read(stream, options) }));
}

function without(name: "checkpoint" | "sweep", batch: StreamBatch): StreamBatch {
  return {
    ...Object.fromEntries(Object.entries(batch).filter(([key]) => key !== name)),
    rows: batch.rows,
  };
}

const broken: readonly (readonly [name: string, source: Source, message: RegExp])[] = [
  [
    "ends with the same tables if it is interrupted after any batch and resumed",
    // Saves at the start a checkpoint that is correct only at the end.
    reading(async function* (stream, options) {
      if (options.checkpoints.size > 0 && !options.fullRefresh) return;
      yield { rows: [], checkpoint: { done: true } };
      for await (const batch of stream.read(options)) yield without("checkpoint", batch);
    }),
    /interrupted after batch/,
  ],
  [
    "writes nothing in a second sync or a full refresh if nothing changed",
    reading(async function* (stream, options) {
      for await (const batch of stream.read(options))
        yield { ...batch, rows: batch.rows.map((row) => ({ ...row, raw: `${Math.random()}` })) };
    }),
    /rewritten/,
  ],
  [
    "finds new, changed and deleted rows: the next sync ends with the rows of a fresh copy",
    reading(async function* (stream, options) {
      for await (const batch of stream.read(options)) yield without("sweep", batch);
    }),
    /Expected values to be strictly deep-equal/,
  ],
  [
    "reads rows with a complete key, declared columns only, and values of the declared types",
    reading(async function* (stream, options) {
      for await (const batch of stream.read(options))
        yield { ...batch, rows: batch.rows.map((row) => ({ ...row, extra: 1 })) };
    }),
    /extra is not one of its columns/,
  ],
  [
    "declares streams whose key and cursor are among their columns",
    withStreams((stream) => ({ ...stream, primaryKey: ["nothing"] })),
    /primaryKey: no column "nothing"/,
  ],
  [
    "stops reading when its signal aborts",
    reading(async function* () {
      await Promise.resolve();
      yield { rows: [] };
    }),
    /expected an error, got none|continued/,
  ],
  [
    "keeps secrets out of the log, tables, state and identity",
    { ...helpdesk, identity: (config) => helpdesk.config.parse(config).api_key },
    /the output contains a secret/,
  ],
  [
    "rejects an invalid login with a ConfigError that contains no secret",
    { ...helpdesk, check: () => Promise.reject(new Error("no")) },
    /expected a ConfigError, got no/,
  ],
  [
    "describes every configuration key, and declares secrets as secrets",
    { ...helpdesk, config: helpdesk.config.extend({ password: text({ description: "It." }) }) },
    /password: looks like a secret/,
  ],
];

describe("reports a source that does not do this", () => {
  test.each(broken)("%s", async (name, source, message) => {
    const check = checksOf(source).find((candidate) => candidate.name === name);
    await expect(check?.run()).rejects.toThrow(message);
  });
});
