import { Writable } from "node:stream";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { ConfigError, TransientError } from "../../src/core/errors.ts";
import { newLog } from "../../src/core/log.ts";
import type { Source, Stream, StreamBatch } from "../../src/core/source.ts";
import { selectAllStreams } from "../../src/singer/catalog.ts";
import { LineOutput } from "../../src/singer/line-output.ts";
import { runTap } from "../../src/singer/run-tap.ts";
import { parseState } from "../../src/singer/tap-state.ts";
import { newSqlite } from "../support/databases.ts";
import { tapToTarget } from "./tap-to-target.ts";

const megabyte = 2 ** 20;

/** A state of this many characters that belongs to `sourceOf`. */
function stateOf(characters: number): string {
  const blocks = Array.from({ length: 200 }, (_, index) => [
    `block ${index}`,
    { runs: "x".repeat(characters / 200) },
  ]);
  const bookmarks = { ledger: Object.fromEntries(blocks) as unknown };
  return JSON.stringify({ rivulet: 1, source: "given", identity: "here", bookmarks });
}

/** Batches of one row each, every one a group of its own, with their number as checkpoint. */
async function* groups(count: number, rowBytes: number): AsyncGenerator<StreamBatch> {
  for (let n = 1; n <= count; n += 1) {
    const rows = [{ id: n, text: "y".repeat(rowBytes) }];
    yield await Promise.resolve({ rows, checkpoint: { n }, bytes: 2 * megabyte });
  }
}

function streamOf(name: string, read: Stream["read"]): Stream {
  return { name, columns: { id: "integer", text: "string" }, primaryKey: ["id"], read };
}

function sourceOf(...streams: readonly Stream[]): Source {
  return {
    name: "given",
    title: "Given",
    config: z.object({}),
    identity: () => "here",
    streams: () => streams,
    check: () => Promise.resolve(),
  };
}

interface Message {
  readonly type: string;
  readonly length: number;
  /** Of a STATE: the number in a stream's checkpoint. */
  saved(stream: string): number | undefined;
}

/** Runs a tap from a state of this size, and returns its messages and what it threw. */
async function tap(
  characters: number,
  streams: readonly Stream[],
  signal: AbortSignal = new AbortController().signal,
): Promise<{ readonly messages: readonly Message[]; readonly error: unknown }> {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk);
      done();
    },
  });
  const running = runTap({
    selected: selectAllStreams(streams),
    state: parseState(stateOf(characters), { source: "given", identity: "here" }, "state.json"),
    identity: "given here",
    output: new LineOutput(stream, { signal }),
    writeMetric: () => undefined,
    startedAt: new Date(),
    log: newLog(() => undefined),
    signal,
  });
  const error = await running.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  const lines = Buffer.concat(chunks).toString("utf8").trimEnd().split("\n");
  return { messages: lines.map(messageOf), error };
}

function messageOf(line: string): Message {
  const { type, value } = JSON.parse(line) as {
    type: string;
    value?: { bookmarks: Record<string, Record<string, { n?: number }>> };
  };
  return {
    type,
    length: line.length,
    saved: (stream) => value?.bookmarks[stream]?.[""]?.n,
  };
}

function total(messages: readonly Message[], type: string): number {
  return messages
    .filter((message) => message.type === type)
    .reduce((sum, { length }) => sum + length, 0);
}

describe("a large state", () => {
  test.each([
    ["is written once if there are few rows", 5_000, 1],
    ["is written again whenever ten times its size was sent", 500_000, 3],
  ])("%s", async (_name, rowBytes, count) => {
    const streams = ["one", "two"].map((name) => streamOf(name, () => groups(30, rowBytes)));
    const { messages } = await tap(megabyte * 1.5, streams);
    const states = messages.filter(({ type }) => type === "STATE");
    const [rows, written] = [total(messages, "RECORD"), total(messages, "STATE")];
    expect(rows).toBeGreaterThan(60 * rowBytes);
    expect(written).toBeLessThan(rows / 10 + megabyte + (states.at(-1)?.length ?? 0));
    expect(states).toHaveLength(count);
    expect(messages.at(-1)).toBe(states.at(-1));
    expect(["one", "two"].map((stream) => states.at(-1)?.saved(stream))).toEqual([30, 30]);
  });

  test("is written when the run is interrupted, and covers exactly what was sent", async () => {
    const interruption = new AbortController();
    const stream = streamOf("one", async function* ({ signal }) {
      for await (const batch of groups(20, 1000)) {
        yield batch;
        await new Promise(setImmediate);
        if (batch.rows[0]?.["id"] === 12) interruption.abort(new Error("interrupted"));
        signal.throwIfAborted();
      }
    });
    const { messages, error } = await tap(2 * megabyte, [stream], interruption.signal);
    expect(error).toEqual(new Error("interrupted"));
    const records = messages.filter(({ type }) => type === "RECORD").length;
    expect(records).toBeGreaterThan(0);
    expect(messages.filter(({ type }) => type === "STATE")).toHaveLength(1);
    expect(messages.at(-1)?.saved("one")).toBe(records);
  });

  test.each([
    ["only a stream", new TransientError("503"), undefined],
    ["the run", new ConfigError("401"), new ConfigError("401")],
  ])("is written when %s fails", async (_what, failure, thrown) => {
    const stream = streamOf("one", async function* () {
      yield* groups(7, 1000);
      throw failure;
    });
    const { messages, error } = await tap(2 * megabyte, [stream]);
    expect(error).toEqual(thrown);
    expect(messages.filter(({ type }) => type === "STATE")).toHaveLength(1);
    expect(messages.at(-1)?.saved("one")).toBe(7);
  });

  test("does not keep sweeps from arriving", async () => {
    const database = await newSqlite();
    try {
      let ids = [1, 2, 3];
      const whole = streamOf("whole", async function* () {
        const rows = ids.map((id) => ({ id }));
        yield await Promise.resolve({ rows, sweep: { keys: ids.map((id) => [id]) } });
      });
      const source = sourceOf(
        whole,
        streamOf("next", () => groups(2, 10)),
      );
      const options = { config: {}, destination: database.url, state: stateOf(2 * megabyte) };
      await tapToTarget(source, options);
      ids = [1, 3];
      const { lines } = await tapToTarget(source, options);
      expect(lines.filter((line) => line.startsWith('{"type":"STATE"'))).toHaveLength(1);
      const deleted = await database.query("select id from whole where _deleted");
      expect(deleted.map(({ id }) => Number(id))).toEqual([2]);
    } finally {
      await database.drop();
    }
  });
});

test("a small state is written with every group", async () => {
  const { messages } = await tap(1000, [streamOf("one", () => groups(20, 10))]);
  const types = messages.map(({ type }) => type).slice(1, 41);
  expect(types).toEqual(Array.from({ length: 20 }, () => ["RECORD", "STATE"]).flat());
});
