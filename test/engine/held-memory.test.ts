import { expect, test } from "vitest";
import { newLog } from "../../src/core/log.ts";
import type { Batch, ReadOptions, Stream } from "../../src/core/source.ts";
import { GroupWriter } from "../../src/engine/group-writer.ts";
import { readPartitions } from "../../src/engine/partitions.ts";
import { readStream } from "../../src/engine/read-stream.ts";

const log = newLog(() => undefined);
const { signal } = new AbortController();

test("what a batch holds is freed when the next group is asked for, or none is any more", async () => {
  const freed: string[] = [];
  const options = {
    checkpoints: new Map(),
    fullRefresh: false,
    startedAt: new Date(),
    signal,
    log,
  };
  const groups = readStream(streamOf(["a", "b"], freed), options satisfies ReadOptions);
  await groups.next();
  expect(freed).toEqual([]);
  await groups.next();
  expect(freed).toEqual(["a"]);
  await groups.return();
  expect(freed).toEqual(["a", "b"]);
});

test("a group that holds memory is committed before the next one is read", async () => {
  const commits: (() => void)[] = [];
  const writer = new GroupWriter({
    session: {
      async write() {
        await new Promise<void>((resolve) => commits.push(resolve));
        return new Map();
      },
    },
    onWritten: () => undefined,
    onError: () => undefined,
  });
  const batch: Batch = { stream: "s", rows: [] };
  await writer.write([batch]);
  let isWritten = false;
  const holds = { ...batch, held: { [Symbol.dispose]: () => undefined } };
  const written = writer.write([batch, holds]).then(() => (isWritten = true));
  commits[0]?.();
  await new Promise(setImmediate);
  expect(isWritten).toBe(false);
  commits[1]?.();
  await written;
});

/** Partitions of one batch, each a group of its own. */
function streamOf(keys: readonly string[], freed: string[]): Stream {
  const partitions = keys.map((key) => ({
    key,
    async *read() {
      await Promise.resolve();
      const held = { [Symbol.dispose]: () => freed.push(key) };
      yield { rows: [], endsGroup: true, held };
    },
  }));
  const read: Stream["read"] = (options) =>
    readPartitions(partitions, { ...options, concurrency: 1 });
  return { name: "s", columns: { id: "string" }, primaryKey: ["id"], read };
}
