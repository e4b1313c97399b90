import { setTimeout } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { AnswerMemory } from "../../src/http/answer-memory.ts";
import type { Body } from "../../src/http/body.ts";
import { respond } from "../support/faults.ts";
import { testClient } from "../support/http-client.ts";
import { startServer } from "../support/http-server.ts";

const mebibyte = 2 ** 20;
const { signal } = new AbortController();

test("an answer waits until those before it leave enough memory; the oldest never does", async () => {
  const memory = new AnswerMemory(8 * 100, { smallBytes: 0 });
  const first = memory.open();
  const second = memory.open();
  expect(first.take(70, signal)).toBeUndefined();
  expect(second.take(20, signal)).toBeUndefined();
  const events: string[] = [];
  const waiting = second.take(20, signal)?.then(() => events.push("second went on"));
  expect(first.take(500, signal)).toBeUndefined();
  await setTimeout(10);
  events.push("first ends");
  first[Symbol.dispose]();
  await waiting;
  expect(events).toEqual(["first ends", "second went on"]);
});

test("an answer that waits can be given up, and then keeps no memory from others", async () => {
  const memory = new AnswerMemory(8 * 100, { smallBytes: 0 });
  const first = memory.open();
  const second = memory.open();
  const controller = new AbortController();
  void first.take(100, signal);
  const waiting = second.take(50, controller.signal);
  controller.abort(new Error("stopped"));
  await expect(waiting).rejects.toThrow("stopped");
  second[Symbol.dispose]();
  first[Symbol.dispose]();
  expect(memory.open().take(1, signal)).toBeUndefined();
  expect(memory.open().take(99, signal)).toBeUndefined();
});

test("a large answer waits for those that are held, and each is held for a limited time", async () => {
  const memory = new AnswerMemory(8 * 100, { smallBytes: 5, largeBytes: 50, maxHeldMs: 50 });
  const held = memory.hold(90);
  expect(memory.hold(50)).toBeUndefined();
  const answer = memory.open();
  expect(answer.take(50, signal)).toBeUndefined();
  const released = answer.take(20, signal);
  expect(released).toBeDefined();
  held?.[Symbol.dispose]();
  held?.[Symbol.dispose]();
  await released;
  memory.hold(90);
  const expired = answer.take(20, signal);
  expect(expired).toBeDefined();
  await expired;
});

test("a small answer never waits: what holds memory may need it", () => {
  const memory = new AnswerMemory(8 * 100, { smallBytes: 5, largeBytes: 50 });
  memory.hold(1000);
  const first = memory.open();
  void first.take(50, signal);
  expect(first.take(51, signal)).toBeDefined();
  const second = memory.open();
  void second.take(50, signal);
  const third = memory.open();
  expect(third.take(5, signal)).toBeUndefined();
  expect(third.take(1, signal)).toBeDefined();
});

test("eight compressed answers at once are decompressed and parsed one after another", async () => {
  const size = 16 * mebibyte;
  const body = gzipSync(JSON.stringify("x".repeat(size)));
  const waiting: (() => void)[] = [];
  await using server = await startServer((_request, response) => {
    waiting.push(() => response.writeHead(200, { "content-encoding": "gzip" }).end(body));
    if (waiting.length === 8) for (const answer of waiting) answer();
  });
  const client = testClient(server.url, { answerMemory: new AnswerMemory(8 * size) });
  const before = memoryOfBuffers();
  const used: number[] = [];
  const accept = ({ bytes }: Body): number => {
    used.push(memoryOfBuffers() - before);
    return bytes;
  };
  const request = { method: "GET", path: "x", accept } as const;
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      const { value } = await client.request(request);
      expect(value).toBe(size + 2);
    }),
  );
  expect(client.transfer.retries).toBe(0);
  // In pieces and as a whole, and what the others have begun.
  expect(Math.max(...used)).toBeLessThan(6 * size);
});

test("the time that an answer waits for memory does not count against its deadline", async () => {
  const memory = new AnswerMemory(8 * 100, { smallBytes: 0 });
  const oldest = memory.open();
  void oldest.take(100, signal);
  await using server = await startServer(respond('"late"'));
  const client = testClient(server.url, {
    answerMemory: memory,
    requestTimeoutMs: 300,
    silenceTimeoutMs: 300,
    retryAttempts: 0,
  });
  const answer = client.getJson("x");
  await setTimeout(900);
  oldest[Symbol.dispose]();
  expect(await answer).toHaveProperty("value", "late");
});

/** What buffers hold that are in use. */
function memoryOfBuffers(): number {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc()");
  return process.memoryUsage().arrayBuffers;
}
