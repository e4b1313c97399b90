import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { runProgram, type Measured } from "../program.ts";
import { bareNode } from "../bare-node.ts";
import { memoryGoes, timeGoes } from "../explain-usage.ts";
import { stopped } from "../abort-signal.ts";
import {
  atLeast,
  atMost,
  rate,
  whole,
  type BenchContext,
  type Figure,
  type Scenario,
} from "../scenario.ts";
import { newSqlite } from "../target.ts";
import { seededRandom } from "../../src/emulators/random.ts";

const table = "events";
const lineBytes = 400;
const leastRows = 100_000;
const leastRatio = 0.5;
/** Peaks that differ by less are the same. */
const sameWithin = 1.15;

/** Singer records of 400 bytes from a file into SQLite, and how much memory that takes by their number. */
export const singer: Scenario = {
  name: "singer",
  async *run(context) {
    const [few, many] = context.short ? [200_000, 500_000] : [500_000, 2_000_000];
    const small = await load(context, few);
    yield speedOf(few, small);
    const large = await load(context, many);
    yield memoryOf(many, {
      small: small.run,
      large: large.run,
      bare: await bareNode(context.folder),
    });
  },
};

interface Loaded {
  readonly run: Measured;
  readonly floorSeconds: number;
}

async function load({ folder }: BenchContext, rows: number): Promise<Loaded> {
  const stdin = join(folder, "messages.jsonl");
  await writeMessages(stdin, rows);
  const target = newSqlite(join(folder, `singer-${rows}`));
  const args = ["target", "--quiet", "--destination", target.destination];
  const run = await runProgram("rivulet", args, { cwd: folder, stdin });
  const bare = await target.floor(table);
  await Promise.all([stdin, target.path].map((file) => rm(file)));
  return { run, floorSeconds: bare.seconds };
}

function speedOf(rows: number, { run, floorSeconds }: Loaded): Figure {
  const { seconds, cpuSeconds, peakMegabytes } = run;
  const ratio = floorSeconds / seconds;
  return {
    scenario: "singer, sqlite",
    measured: rate(rows, seconds, "records"),
    floor: rate(rows, floorSeconds),
    ratio,
    aims: [atLeast(leastRows, rows / seconds, "records/s"), atLeast(leastRatio, ratio)],
    goes: timeGoes({
      run,
      floorSeconds,
      also: [`the floor comes to ${rate(rows, floorSeconds)}`],
      rest: "the rest is the JSON of the lines, keys and garbage",
    }),
    detail: { rows, seconds, floorSeconds, cpuSeconds, peakMegabytes },
  };
}

function memoryOf(
  rows: number,
  {
    small,
    large,
    bare,
  }: { readonly small: Measured; readonly large: Measured; readonly bare: Measured },
): Figure {
  const ratio = large.peakMegabytes / small.peakMegabytes;
  return {
    scenario: `singer, memory, ${whole(rows)} records`,
    measured: `${whole(large.peakMegabytes)} MB`,
    floor: `${whole(small.peakMegabytes)} MB`,
    ratio,
    aims: [atMost(sameWithin, ratio)],
    goes: memoryGoes(large, bare),
    detail: { peakMegabytes: large.peakMegabytes },
  };
}

const string = { type: ["null", "string"] };
const properties = {
  id: { type: "string" },
  number: { type: ["null", "integer"] },
  score: { type: ["null", "number"] },
  correct: { type: ["null", "boolean"] },
  created_at: { type: ["null", "string"], format: "date-time" },
  ...{ question: string, answer: string, author: string },
};

/** A SCHEMA, RECORDs with random keys, and a STATE now and then. */
async function writeMessages(file: string, rows: number): Promise<void> {
  const output = createWriteStream(file);
  const random = seededRandom(1);
  const part = (): string =>
    Math.floor(random() * 2 ** 32)
      .toString(16)
      .padStart(8, "0");
  const lines = [
    { type: "SCHEMA", stream: table, schema: { properties }, key_properties: ["id"] },
  ].map((message) => JSON.stringify(message));
  for (let number = 0; number < rows; number += 1) {
    const id = `${part()}-${part()}-${part()}-${number}`;
    const created_at = new Date(Date.UTC(2026, 0, 1) + number * 1000).toISOString();
    const scored = { number, score: random(), correct: number % 3 === 0, created_at };
    lines.push(recordOf({ id, ...scored, author: "ada", answer: part() }));
    if (number % 10_000 === 0) lines.push(JSON.stringify({ type: "STATE", value: { number } }));
    if (lines.length < 1000 && number < rows - 1) continue;
    stopped.throwIfAborted();
    if (!output.write(`${lines.splice(0).join("\n")}\n`)) await once(output, "drain");
  }
  output.end();
  await once(output, "close");
}

/** A RECORD whose line is as long as it should be. */
function recordOf(record: Readonly<Record<string, unknown>>): string {
  const line = (question: string): string =>
    JSON.stringify({ type: "RECORD", stream: table, record: { ...record, question } });
  return line("?".padStart(lineBytes - line("").length, "why "));
}
