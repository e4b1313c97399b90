import { tmpdir } from "node:os";
import { Readable } from "node:stream";
import { newLog } from "../../src/core/log.ts";
import { openDestination } from "../../src/destination/open.ts";
import { runTarget } from "../../src/singer/run-target.ts";
import type { Summary } from "../../src/engine/sync.ts";
import type { TestDatabase } from "../support/databases.ts";

/** The outcome of a target's run. */
export interface FeedResult extends Summary {
  /** Each STATE written to standard output, as JSON text. */
  readonly states: readonly string[];
  readonly warnings: readonly string[];
}

export interface FeedOptions {
  readonly pipeline?: string;
  readonly signal?: AbortSignal;
  readonly batchFolder?: string;
  /** How long to wait for another program's lock. */
  readonly busyMs?: number;
  /** Called for each STATE, when it is written. */
  readonly onState?: (state: string) => void;
}

/** A message of a tap; as text where the exact JSON matters. */
export type Line = string | Buffer | Readonly<Record<string, unknown>>;

/** Feeds messages to a target, in this process. */
export async function feed(
  database: Pick<TestDatabase, "url" | "thread">,
  lines: Iterable<Line> | AsyncIterable<Line>,
  options: FeedOptions = {},
): Promise<FeedResult> {
  const { pipeline = "target", signal = new AbortController().signal } = options;
  const states: string[] = [];
  const warnings: string[] = [];
  const log = newLog(({ level, message }) => {
    if (level === "warning") warnings.push(message);
  });
  const { thread = false } = database;
  const { busyMs, onState } = options;
  const waiting = busyMs === undefined ? {} : { busyMs };
  await using destination = await openDestination(database.url, { log, thread, ...waiting });
  await using session = await destination.lock({ name: pipeline });
  const summary = await runTarget({
    session,
    pipeline,
    input: () => Readable.from(bytesOfAll(lines)),
    onState(text) {
      states.push(text);
      onState?.(text);
    },
    startedAt: new Date(),
    batchFolder: options.batchFolder ?? tmpdir(),
    log,
    signal,
  });
  return { ...summary, states, warnings };
}

async function* bytesOfAll(lines: Iterable<Line> | AsyncIterable<Line>): AsyncGenerator<Buffer> {
  for await (const line of lines) yield bytesOf(line);
}

function bytesOf(line: Line): Buffer {
  if (Buffer.isBuffer(line)) return Buffer.concat([line, Buffer.from("\n")]);
  return Buffer.from(`${typeof line === "string" ? line : JSON.stringify(line)}\n`);
}

/** A SCHEMA message. */
export function schema(
  stream: string,
  properties: Readonly<Record<string, unknown>>,
  keys: readonly string[] = ["id"],
): Line {
  return { type: "SCHEMA", stream, schema: { type: "object", properties }, key_properties: keys };
}

/** A RECORD message. */
export function record(
  stream: string,
  content: Readonly<Record<string, unknown>>,
  more: Readonly<Record<string, unknown>> = {},
): Line {
  return { type: "RECORD", stream, record: content, ...more };
}

/** A STATE message. */
export function state(value: unknown): Line {
  return { type: "STATE", value };
}
