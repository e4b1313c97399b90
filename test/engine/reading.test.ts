import { setTimeout as wait } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { messageOf, SourceError, TransientError } from "../../src/core/errors.ts";
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
  test("yields every item, those of one reader in its order", async () => {
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

  test("stops reading at the byte limit until an item is consumed", async () => {
    let started = 0;
    const counting: Reader<Item> = async function* () {
      for (let index = 0; index < 10; index += 1) {
        started += 1;
        await Promise.resolve();
        yield { name: String(index), bytes: 100 };
      }
    };
    const items = readAhead([counting], { concurrency: 1, maxBytes: 250, signal: never });
    await items.next();
    await wait(20);
    // One consumed, two in the queue, one waiting for room.
    expect(started).toBe(4);
    await items.return();
    expect(started).toBeLessThan(7);
  });

  test("yields a single item that is larger than the limit", async () => {
    const items = readAhead([reader({ name: "huge", bytes: 1e9 })], {
      concurrency: 1,
      maxBytes: 1,
      signal: never,
    });
    expect(await all(items)).toHaveLength(1);
  });

  test("yields what arrived before an error", async () => {
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

  test("stops its readers when the consumer stops", async () => {
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

describe("groupBatches", () => {
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

  test("groups small batches up to the limit of rows", async () => {
    const groups = await all(
      groupBatches(batches(4, 4, 4, 4, 4), { rows: 10, bytes: 1e9, ms: 60_000 }),
    );
    expect(groups.map((group) => group.length)).toEqual([3, 2]);
  });

  test("groups up to the limit of bytes", async () => {
    const groups = await all(groupBatches(batches(4, 4, 4), { rows: 1e9, bytes: 8, ms: 60_000 }));
    expect(groups.map((group) => group.length)).toEqual([2, 1]);
  });

  test("does not keep rows waiting for a slow source", async () => {
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    async function* slow(): AsyncGenerator<Batch> {
      yield batch(1);
      await released;
      yield batch(1);
    }
    const groups = groupBatches(slow(), { rows: 10, bytes: 1e9, ms: 5 });
    const first = await groups.next();
    expect(first.value).toHaveLength(1);
    release();
    expect((await groups.next()).value).toHaveLength(1);
    expect((await groups.next()).done).toBe(true);
  });

  test("yields what arrived before an error", async () => {
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

  test("the mark passes a partition only once it and all before it were yielded", async () => {
    const batches = await all(
      readPartitions([fine("1", 20), fine("2"), fine("3", 40)], {
        concurrency: 3,
        signal: never,
        log,
      }),
    );
    const order = batches.map(
      ({ partition, checkpoint }) => partition ?? `mark ${JSON.stringify(checkpoint)}`,
    );
    expect(order).toEqual(["2", "1", 'mark {"since":"2"}', "3", 'mark {"since":"3"}']);
  });

  test("a partition that fails is quarantined, and the others continue", async () => {
    const batches = await all(
      readPartitions([fine("1"), broken("2"), fine("3")], { concurrency: 1, signal: never, log }),
    );
    expect(batches.flatMap(({ rejected }) => rejected ?? [])).toEqual([
      { key: '{"partition":"2"}', payload: "2", reason: "2 is broken" },
    ]);
    expect(batches.flatMap(({ rows }) => rows)).toEqual([{ key: "1" }, { key: "3" }]);
  });

  test("several failures in a row end the stream: the service is at fault", async () => {
    const partitions = [broken("1"), broken("2"), broken("3"), fine("4")];
    await expect(
      all(readPartitions(partitions, { concurrency: 1, signal: never, log })),
    ).rejects.toThrow("3 is broken");
  });

  test("a single partition that fails is quarantined, if something was read before", async () => {
    const batches = await all(
      readPartitions([broken("1")], { concurrency: 1, signal: never, log }),
    );
    expect(batches.flatMap(({ rejected }) => rejected ?? [])).toHaveLength(1);
  });

  describe("a stream of which nothing was read before", () => {
    /** What its batches rejected, and the error that ended it. */
    async function outcome(...partitions: readonly Partition[]): Promise<[string[], string]> {
      const rejected: string[] = [];
      const options = { concurrency: 1, readBefore: false, signal: never, log };
      try {
        for await (const batch of readPartitions(partitions, options))
          rejected.push(...(batch.rejected ?? []).map(({ payload }) => payload));
      } catch (error) {
        return [rejected, messageOf(error)];
      }
      return [rejected, ""];
    }

    test.each([false, true])(
      "fails if its only partition fails, which is quarantined too (failed before: %s)",
      async (failedBefore) => {
        expect(await outcome({ ...broken("1"), failedBefore })).toEqual([["1"], "1 is broken"]);
      },
    );

    test("fails if all of its partitions failed before and fail again", async () => {
      const again = ["1", "2", "3", "4"].map((key) => ({ ...broken(key), failedBefore: true }));
      expect(await outcome(...again)).toEqual([["1", "2", "3", "4"], "1 is broken"]);
    });

    test("goes on if another partition is read, even if that one is empty", async () => {
      const empty: Partition = { key: "2", read: () => reader()(never) as AsyncIterable<never> };
      expect(await outcome(broken("1"), empty)).toEqual([["1"], ""]);
    });

    test("goes on if the partition failed only after some rows", async () => {
      const half: Partition = {
        key: "1",
        async *read() {
          yield* fine("1").read(never);
          throw new SourceError("1 is broken");
        },
      };
      expect(await outcome(half)).toEqual([["1"], ""]);
    });

    test("goes on if there is nothing to read", async () => {
      expect(await outcome()).toEqual([[], ""]);
    });
  });

  test.each([true, false])(
    "an outage ends the stream, whatever was read before (failed before: %s)",
    async (failedBefore) => {
      const unreachable = partition("2", () =>
        Promise.reject(new TransientError("unreachable", { isOutage: true })),
      );
      const partitions = [fine("1"), { ...unreachable, failedBefore }, fine("3")];
      const seen: unknown[] = [];
      const reading = async (): Promise<void> => {
        const batches = readPartitions(partitions, { concurrency: 1, signal: never, log });
        for await (const batch of batches) seen.push(batch.rejected ?? batch.partition);
      };
      await expect(reading()).rejects.toThrow("unreachable");
      expect(seen).toEqual(["1", undefined]);
    },
  );

  test("two failures without a success end the stream", async () => {
    await expect(
      all(readPartitions([broken("1"), broken("2")], { concurrency: 1, signal: never, log })),
    ).rejects.toThrow("1 is broken");
  });

  test.each([
    [{}, { done: 3, of: 3 }],
    [{ before: 4 }, { done: 7, of: 3 + 4 }],
  ])("batches say how many partitions are done, and of how many (%j)", async (more, progress) => {
    const list = [fine("1"), broken("2"), unmarked("3")];
    const options = { concurrency: 1, signal: never, log, ...more };
    expect((await all(readPartitions(list, options))).at(-1)?.partitions).toEqual(progress);
  });

  test("if the number of partitions is unknown, batches only say how many are done", async () => {
    async function* few(): AsyncGenerator<Partition> {
      await Promise.resolve();
      yield fine("1");
    }
    const options = { concurrency: 1, signal: never, log };
    expect((await all(readPartitions(few(), options))).at(-1)?.partitions).toEqual({ done: 1 });
    const counted = readPartitions(few(), { ...options, total: 9 });
    expect((await all(counted)).at(-1)?.partitions).toEqual({ done: 1, of: 9 });
  });

  test("failures with successes between them do not end the stream", async () => {
    const partitions = ["1", "2", "3", "4", "5"].flatMap((key) => [broken(`b${key}`), fine(key)]);
    const batches = await all(readPartitions(partitions, { concurrency: 1, signal: never, log }));
    expect(batches.filter(({ rejected }) => rejected)).toHaveLength(5);
  });

  test("a partition that fails while another is read says nothing about the service", async () => {
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    const late = (key: string): Partition =>
      partition(key, async () => {
        await released;
        throw new SourceError(`${key} is broken`);
      });
    const last = partition("4", () => {
      setTimeout(release, 1);
      return Promise.resolve();
    });
    const batches = await all(
      readPartitions([late("1"), late("2"), late("3"), last], {
        concurrency: 4,
        signal: never,
        log,
      }),
    );
    expect(batches.filter(({ rejected }) => rejected)).toHaveLength(3);
  });

  test("partitions that failed before may all fail again", async () => {
    const again = ["1", "2", "3", "4"].map((key) => ({ ...broken(key), failedBefore: true }));
    const batches = await all(readPartitions(again, { concurrency: 1, signal: never, log }));
    expect(batches.filter(({ rejected }) => rejected)).toHaveLength(4);
  });

  test("a partition that fails saves a checkpoint for the next try with its quarantine entry", async () => {
    const failing = { ...broken("1"), failed: () => ({ failed: true }) };
    const batches = await all(
      readPartitions([failing, fine("2")], { concurrency: 1, signal: never, log }),
    );
    expect(batches[0]).toMatchObject({
      partition: "1",
      checkpoint: { failed: true },
      rejected: [{ key: '{"partition":"1"}' }],
    });
  });

  test("partitions are pulled only as they are needed", async () => {
    let pulled = 0;
    async function* many(): AsyncGenerator<Partition> {
      for (; pulled < 1000; pulled += 1) {
        await Promise.resolve();
        yield fine(String(pulled));
      }
    }
    const batches = readPartitions(many(), { concurrency: 2, signal: never, log });
    await batches.next();
    await batches.return();
    expect(pulled).toBeLessThan(600);
  });

  test("an error while listing the partitions ends the stream", async () => {
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
