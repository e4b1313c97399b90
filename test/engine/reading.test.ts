import { setTimeout as wait } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { SourceError, TransientError } from "../../src/core/errors.ts";
import { groupBatches } from "../../src/engine/group-batches.ts";
import { newLog } from "../../src/core/log.ts";
import { readPartitions, type Partition } from "../../src/engine/partitions.ts";
import { readAhead, type Reader } from "../../src/engine/read-ahead.ts";
import type { Batch } from "../../src/core/source.ts";

const never = new AbortController().signal;
const log = newLog(() => undefined);

interface Item {
  readonly name: string;
  readonly bytes?: number;
}

function reader(...items: readonly Item[]): Reader<Item> {
  return async function* () {
    for (const item of items) {
      await Promise.resolve();
      yield item;
    }
  };
}

async function all<T>(iterable: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of iterable) items.push(item);
  return items;
}

describe("readAhead", () => {
  test("hands over every item, each reader's in its own order", async () => {
    const readers = ["a", "b", "c"].map((name) =>
      reader({ name: `${name}1` }, { name: `${name}2` }),
    );
    const names = (
      await all(readAhead(readers, { concurrency: 2, maxBytes: 1, signal: never }))
    ).map(({ name }) => name);
    expect(names.toSorted()).toEqual(["a1", "a2", "b1", "b2", "c1", "c2"]);
    for (const letter of ["a", "b", "c"]) {
      expect(names.indexOf(`${letter}1`)).toBeLessThan(names.indexOf(`${letter}2`));
    }
  });

  test("reads no further than the bytes allow until the writer takes something", async () => {
    let begun = 0;
    const counting: Reader<Item> = async function* () {
      for (let index = 0; index < 10; index += 1) {
        begun += 1;
        await Promise.resolve();
        yield { name: String(index), bytes: 100 };
      }
    };
    const items = readAhead([counting], { concurrency: 1, maxBytes: 250, signal: never });
    await items.next();
    await wait(20);
    // One taken, two in the queue, one that waits for room.
    expect(begun).toBe(4);
    await items.return();
    expect(begun).toBeLessThan(7);
  });

  test("lets one item through that is larger than the limit", async () => {
    const items = readAhead([reader({ name: "huge", bytes: 1e9 })], {
      concurrency: 1,
      maxBytes: 1,
      signal: never,
    });
    expect(await all(items)).toHaveLength(1);
  });

  test("hands over what had arrived before it throws", async () => {
    const failing: Reader<Item> = async function* () {
      yield { name: "before" };
      await Promise.resolve();
      throw new SourceError("broken");
    };
    const seen: string[] = [];
    const consume = async (): Promise<void> => {
      const items = readAhead([failing], { concurrency: 1, maxBytes: 1e6, signal: never });
      for await (const { name } of items) seen.push(name);
    };
    await expect(consume()).rejects.toThrow("broken");
    expect(seen).toEqual(["before"]);
  });

  test("stops its readers when nobody consumes any more", async () => {
    let stopped = false;
    const endless: Reader<Item> = async function* (signal) {
      try {
        for (;;) {
          signal.throwIfAborted();
          await wait(1);
          yield { name: "more" };
        }
      } finally {
        stopped = true;
      }
    };
    for await (const item of readAhead([endless], {
      concurrency: 1,
      maxBytes: 1e6,
      signal: never,
    })) {
      expect(item.name).toBe("more");
      break;
    }
    expect(stopped).toBe(true);
  });
});

describe("grouped", () => {
  const batch = (rows: number): Batch => ({
    stream: "s",
    rows: Array.from({ length: rows }, (_, id) => ({ id })),
    bytes: rows,
  });
  async function* batches(...sizes: readonly number[]): AsyncGenerator<Batch> {
    for (const size of sizes) {
      await Promise.resolve();
      yield batch(size);
    }
  }

  test("merges small batches up to the number of rows", async () => {
    const groups = await all(
      groupBatches(batches(4, 4, 4, 4, 4), { rows: 10, bytes: 1e9, ms: 60_000 }),
    );
    expect(groups.map((group) => group.length)).toEqual([3, 2]);
  });

  test("merges up to the number of bytes", async () => {
    const groups = await all(groupBatches(batches(4, 4, 4), { rows: 1e9, bytes: 8, ms: 60_000 }));
    expect(groups.map((group) => group.length)).toEqual([2, 1]);
  });

  test("does not keep rows waiting for a slow source", async () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    async function* slow(): AsyncGenerator<Batch> {
      yield batch(1);
      await held;
      yield batch(1);
    }
    const groups = groupBatches(slow(), { rows: 10, bytes: 1e9, ms: 5 });
    const first = await groups.next();
    expect(first.value).toHaveLength(1);
    release();
    expect((await groups.next()).value).toHaveLength(1);
    expect((await groups.next()).done).toBe(true);
  });

  test("hands over what had arrived before an error", async () => {
    async function* failing(): AsyncGenerator<Batch> {
      yield* batches(2, 2);
      throw new TransientError("gone");
    }
    const groups = groupBatches(failing(), { rows: 100, bytes: 1e9, ms: 60_000 });
    expect((await groups.next()).value).toHaveLength(2);
    await expect(groups.next()).rejects.toThrow("gone");
  });
});

describe("readPartitions", () => {
  const partition = (key: string, read: () => Promise<void>): Partition => ({
    key,
    mark: { since: key },
    async *read() {
      await read();
      yield { rows: [{ key }], checkpoint: { done: true } };
    },
  });
  const fine = (key: string, ms = 0): Partition =>
    partition(key, async () => {
      await wait(ms);
    });
  const unmarked = (key: string): Partition => ({
    key,
    async *read() {
      await Promise.resolve();
      yield { rows: [{ key }] };
    },
  });
  const broken = (key: string): Partition =>
    partition(key, () => Promise.reject(new SourceError(`${key} is broken`)));

  test("the mark passes a partition only when it and all before it were handed over", async () => {
    const parts = await all(
      readPartitions([fine("1", 20), fine("2"), fine("3", 40)], {
        concurrency: 3,
        signal: never,
        log,
      }),
    );
    const story = parts.map(
      ({ partition, checkpoint }) => partition ?? `mark ${JSON.stringify(checkpoint)}`,
    );
    expect(story).toEqual(["2", "1", 'mark {"since":"2"}', "3", 'mark {"since":"3"}']);
  });

  test("one that fails goes into quarantine, and the others go on", async () => {
    const parts = await all(
      readPartitions([fine("1"), broken("2"), fine("3")], { concurrency: 1, signal: never, log }),
    );
    expect(parts.flatMap(({ rejected }) => rejected ?? [])).toEqual([
      { key: '{"partition":"2"}', payload: "2", reason: "2 is broken" },
    ]);
    expect(parts.flatMap(({ rows }) => rows)).toEqual([{ key: "1" }, { key: "3" }]);
  });

  test("several failures in a row are the service's, and end the stream", async () => {
    const partitions = [broken("1"), broken("2"), broken("3"), fine("4")];
    await expect(
      all(readPartitions(partitions, { concurrency: 1, signal: never, log })),
    ).rejects.toThrow("3 is broken");
  });

  test("a single one that fails is in quarantine, though nothing else was read", async () => {
    const parts = await all(readPartitions([broken("1")], { concurrency: 1, signal: never, log }));
    expect(parts.flatMap(({ rejected }) => rejected ?? [])).toHaveLength(1);
  });

  test.each([true, false])(
    "a service that is not there ends the stream, whatever was read before (failed before: %s)",
    async (failedBefore) => {
      const gone = partition("2", () =>
        Promise.reject(new TransientError("nobody there", { isOutage: true })),
      );
      const partitions = [fine("1"), { ...gone, failedBefore }, fine("3")];
      const seen: unknown[] = [];
      const reading = async (): Promise<void> => {
        const parts = readPartitions(partitions, { concurrency: 1, signal: never, log });
        for await (const part of parts) seen.push(part.rejected ?? part.partition);
      };
      await expect(reading()).rejects.toThrow("nobody there");
      expect(seen).toEqual(["1", undefined]);
    },
  );

  test("two that fail, and none that is read, end the stream", async () => {
    await expect(
      all(readPartitions([broken("1"), broken("2")], { concurrency: 1, signal: never, log })),
    ).rejects.toThrow("1 is broken");
  });

  test.each([
    [{}, { done: 3, of: 3 }],
    [{ before: 4 }, { done: 7, of: 3 + 4 }],
  ])("the parts say how many partitions are done, and of how many (%j)", async (more, reach) => {
    const list = [fine("1"), broken("2"), unmarked("3")];
    const options = { concurrency: 1, signal: never, log, ...more };
    expect((await all(readPartitions(list, options))).at(-1)?.partitions).toEqual(reach);
  });

  test("where nobody knows how many partitions there are, the parts say only how many are done", async () => {
    async function* few(): AsyncGenerator<Partition> {
      await Promise.resolve();
      yield fine("1");
    }
    const options = { concurrency: 1, signal: never, log };
    expect((await all(readPartitions(few(), options))).at(-1)?.partitions).toEqual({ done: 1 });
    const told = readPartitions(few(), { ...options, total: 9 });
    expect((await all(told)).at(-1)?.partitions).toEqual({ done: 1, of: 9 });
  });

  test("failures with successes between them are not in a row", async () => {
    const partitions = ["1", "2", "3", "4", "5"].flatMap((key) => [broken(`b${key}`), fine(key)]);
    const parts = await all(readPartitions(partitions, { concurrency: 1, signal: never, log }));
    expect(parts.filter(({ rejected }) => rejected)).toHaveLength(5);
  });

  test("a partition that fails while another is read says nothing about the service", async () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const late = (key: string): Partition =>
      partition(key, async () => {
        await held;
        throw new SourceError(`${key} is broken`);
      });
    const last = partition("4", () => {
      setTimeout(release, 1);
      return Promise.resolve();
    });
    const parts = await all(
      readPartitions([late("1"), late("2"), late("3"), last], {
        concurrency: 4,
        signal: never,
        log,
      }),
    );
    expect(parts.filter(({ rejected }) => rejected)).toHaveLength(3);
  });

  test("partitions that failed before may all fail again", async () => {
    const again = ["1", "2", "3", "4"].map((key) => ({ ...broken(key), failedBefore: true }));
    const parts = await all(readPartitions(again, { concurrency: 1, signal: never, log }));
    expect(parts.filter(({ rejected }) => rejected)).toHaveLength(4);
  });

  test("one that fails leaves the checkpoint by which it is found again, with its entry in quarantine", async () => {
    const failing = { ...broken("1"), failed: () => ({ failed: true }) };
    const parts = await all(
      readPartitions([failing, fine("2")], { concurrency: 1, signal: never, log }),
    );
    expect(parts[0]).toMatchObject({
      partition: "1",
      checkpoint: { failed: true },
      rejected: [{ key: '{"partition":"1"}' }],
    });
  });

  test("partitions are taken only as they are needed", async () => {
    let taken = 0;
    async function* many(): AsyncGenerator<Partition> {
      for (; taken < 1000; taken += 1) {
        await Promise.resolve();
        yield fine(String(taken));
      }
    }
    const parts = readPartitions(many(), { concurrency: 2, signal: never, log });
    await parts.next();
    await parts.return();
    expect(taken).toBeLessThan(600);
  });

  test("an error in finding the partitions ends the stream", async () => {
    async function* failing(): AsyncGenerator<Partition> {
      yield fine("1");
      await Promise.resolve();
      throw new SourceError("no list");
    }
    await expect(
      all(readPartitions(failing(), { concurrency: 2, signal: never, log })),
    ).rejects.toThrow("no list");
  });
});
