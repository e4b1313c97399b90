import { describe, expect, test } from "vitest";
import { withCallerMessage } from "../../src/core/caller-message.ts";
import { ConfigError, TransientError } from "../../src/core/errors.ts";
import type { StreamBatch } from "../../src/core/source.ts";
import { connect, type WireResponse } from "./client.ts";
import { memorySource } from "./memory-source.ts";
import { serveSource } from "./serving.ts";

const columns = { id: "string", words: "string" } as const;
const megabyte = 2 ** 20;

/** A state of this many characters of `memorySource`, whose table was read before. */
function stateOf(characters: number): string {
  const blocks = Array.from({ length: 200 }, (_, index) => [
    `block ${index}`,
    { runs: "x".repeat(characters / 200) },
  ]);
  const checkpoints = Object.fromEntries(blocks) as unknown;
  const things = { columns: ["id", "words"], checkpoints, held: {} };
  return JSON.stringify({ version: 1, identity: "memory", streams: { things } });
}

/** Batches of one new row each, every one a group of its own, with their number as checkpoint. */
async function* groups(count: number, rowBytes: number): AsyncGenerator<StreamBatch> {
  for (let n = 1; n <= count; n += 1) {
    const rows = [{ id: `new ${n}`, words: "y".repeat(rowBytes) }];
    yield await Promise.resolve({ rows, checkpoint: { n }, bytes: 2 * megabyte });
  }
}

interface Update {
  readonly rows: number;
  readonly rowBytes: number;
  /** The `state_json` of each checkpoint. */
  readonly states: readonly string[];
  readonly last: WireResponse | undefined;
  readonly error: unknown;
}

async function update(read: () => AsyncGenerator<StreamBatch>, state: string): Promise<Update> {
  await using server = await serveSource(memorySource({ columns, read }));
  using client = connect(server.port);
  const responses: WireResponse[] = [];
  let error: unknown;
  try {
    for await (const response of client.update({ configuration: {}, state_json: state }))
      responses.push(response as WireResponse);
  } catch (thrown) {
    error = thrown;
  }
  const records = responses.flatMap(({ record, records }) =>
    record ? [record] : [...(records?.records ?? [])],
  );
  const lengths = records.map(({ data }) => JSON.stringify(data["words"]).length);
  return {
    rows: records.length,
    rowBytes: lengths.reduce((sum, length) => sum + length, 0),
    states: responses.flatMap(({ checkpoint }) => (checkpoint ? [checkpoint.state_json] : [])),
    last: responses.at(-1),
    error,
  };
}

function savedNumber(state: string | undefined): unknown {
  const { streams } = JSON.parse(state ?? "") as {
    streams: { things: { checkpoints: Record<string, { n?: number }> } };
  };
  return streams.things.checkpoints[""]?.n;
}

describe("a large state", () => {
  test.each([
    ["is sent once if there are few rows", 5_000, 1],
    ["is sent again whenever ten times its size was sent", 500_000, 3],
  ])("%s", async (_name, rowBytes, count) => {
    const {
      rows,
      rowBytes: sent,
      states,
    } = await update(() => groups(60, rowBytes), stateOf(1.5 * megabyte));
    expect(rows).toBe(60);
    expect(sent).toBeGreaterThan(60 * rowBytes);
    const written = states.reduce((sum, { length }) => sum + length, 0);
    expect(written).toBeLessThan(sent / 10 + megabyte + (states.at(-1)?.length ?? 0));
    expect(states).toHaveLength(count);
    expect(savedNumber(states.at(-1))).toBe(60);
  });

  test("is sent when only a stream fails", async () => {
    const { rows, states, error } = await update(
      async function* () {
        yield* groups(7, 1000);
        throw withCallerMessage(new TransientError("503"));
      },
      stateOf(2 * megabyte),
    );
    expect(error).toMatchObject({ details: "things: 503" });
    expect(rows).toBe(7);
    expect(states.map(savedNumber)).toEqual([7]);
  });

  test("is sent before the task of a ConfigError", async () => {
    const { rows, states, last } = await update(
      async function* () {
        yield* groups(7, 1000);
        throw withCallerMessage(new ConfigError("401"));
      },
      stateOf(2 * megabyte),
    );
    expect(rows).toBe(7);
    expect(states.map(savedNumber)).toEqual([7]);
    expect(last?.task).toMatchObject({ message: "401" });
  });
});

test("a small state is sent before new keys, and after every group", async () => {
  const { states } = await update(() => groups(5, 10), stateOf(1000));
  expect(states.map(savedNumber)).toEqual([undefined, 1, 1, 2, 2, 3, 3, 4, 4, 5]);
});
