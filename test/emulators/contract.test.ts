import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { RawJson } from "../../src/emulators/raw-json.ts";
import { type RunningSubject, subjects } from "./subjects.ts";

describe.each(subjects)("the $name emulator", (subject) => {
  let emulator: RunningSubject;

  beforeEach(async () => {
    emulator = await subject.start();
  });

  afterEach(async () => {
    await emulator[Symbol.asyncDispose]();
  });

  test("listens on a free port of the loopback interface until it is disposed of", async () => {
    const other = await subject.start();
    const { url } = other;
    const status = (await other.list()).status;
    await other[Symbol.asyncDispose]();

    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(url).not.toBe(emulator.url);
    expect(status).toBe(200);
    await expect(other.list()).rejects.toThrow("fetch failed");
    expect((await emulator.list()).status).toBe(200);
  });

  test("answers an unknown path as the service does", async () => {
    expect(await statusAndBody(emulator.requestUnknownPath())).toEqual(subject.unknownPath);
  });

  test("sends no data to a wrong key", async () => {
    emulator.add();

    expect(await statusAndBody(emulator.list("guess"))).toEqual(subject.wrongKey);
  });

  test("sends pages of the default size, in the service's order", async () => {
    const ids = Array.from({ length: subject.defaultPageSize + 2 }, () => emulator.add());
    const expected = subject.newestFirst ? ids.toReversed() : ids;

    expect(await emulator.pages()).toEqual([
      expected.slice(0, subject.defaultPageSize),
      expected.slice(subject.defaultPageSize),
    ]);
  });

  test("omits what was deleted", async () => {
    const [first, deleted] = [emulator.add(), emulator.add()];
    emulator.remove(deleted);

    expect(await emulator.pages()).toEqual([[first]]);
  });

  test("rejects an unknown id, as a mistake in the test", () => {
    expect(() => {
      emulator.remove("nobody");
    }).toThrow(RangeError);
  });

  test("sends raw JSON byte for byte", async () => {
    const raw = `{"big":12345678901234567890,"one":1.0}`;
    const id = emulator.add(new RawJson(raw));

    expect(await emulator.rawText(id)).toContain(raw);
  });

  test("records all requests with their methods, parameters and headers", async () => {
    const expected = await emulator.sendRequests();

    expect(emulator.requests).toMatchObject(expected);
  });

  test("intercepts requests before the service, and records them too", async () => {
    await using failing = await subject.start({ failFirst: true });
    const statuses = [(await failing.list()).status, (await failing.list()).status];

    expect(statuses).toEqual([503, 200]);
    expect(failing.requests).toHaveLength(2);
  });

  test("has the same data for the same seed", async () => {
    const first = await subject.contents(7);

    expect(await subject.contents(7)).toBe(first);
    expect(await subject.contents(8)).not.toBe(first);
  });

  describe("with a fault", () => {
    test("pageSizeCap sends fewer rows than were requested", async () => {
      for (let row = 0; row < 5; row += 1) emulator.add();
      emulator.faults.pageSizeCap = 2;

      expect((await emulator.pages(100)).map((page) => page.length)).toEqual([2, 2, 1]);
    });

    test("rateLimit rejects requests with the service's body and headers", async () => {
      emulator.faults.rateLimit = { allow: 1, refuse: 2, resetSeconds: 7 };
      const responses: Response[] = [];
      for (let request = 0; request < 4; request += 1) responses.push(await emulator.list());
      const headers = (response: Response | undefined, names: object) =>
        Object.fromEntries(Object.keys(names).map((name) => [name, response?.headers.get(name)]));

      const { body, accepted, rejected } = subject.rateLimit;
      expect(responses.map(({ status }) => status)).toEqual([200, 429, 429, 200]);
      expect(await responses[1]?.json()).toEqual(body);
      expect(headers(responses[0], accepted)).toEqual(accepted);
      expect(headers(responses[1], rejected)).toEqual(rejected);
    });

    test("latencyMs delays responses", async () => {
      emulator.faults.latencyMs = 60_000;
      const response = emulator.list().catch(() => undefined);
      const silence = new Promise((resolve) => setTimeout(resolve, 200, "silence"));

      expect(await Promise.race([response, silence])).toBe("silence");
    });
  });
});

async function statusAndBody(response: Promise<Response>): Promise<[number, unknown]> {
  const { status } = await response;
  return [status, await (await response).json()];
}
