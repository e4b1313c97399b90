import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { seededRandom } from "../../src/emulators/random.ts";
import { abortSignal } from "../abort-signal.ts";
import { explainMemory, explainTime } from "../explain-usage.ts";
import { bareNode, type MeasuredRun, runProgram } from "../program.ts";
import {
  atLeast,
  atMost,
  type BenchContext,
  type Figure,
  formatInteger,
  formatRate,
  type Scenario,
} from "../scenario.ts";
import { newSqlite } from "../target.ts";

const table = "events";
const lineBytes = 400;
const minRows = 100_000;
const minRatio = 0.5;
/** Peaks that differ by less than this factor count as equal. */
const tolerance = 1.15;

/** Singer records of 400 bytes from a file into SQLite: speed, and memory by number of records. */
export const singer: Scenario = {
  name: "singer",
  async *run(context) {
    const [few, many] = context.short ? [200_000, 500_000] : [500_000, 2_000_000];
    const small = await measureTarget(context, few);
    yield speedFigure(few, small);
    const large = await measureTarget(context, many);
    yield memoryFigure(many, {
      small: small.run,
      large: large.run,
      bare: await bareNode(context.folder),
    });
  },
};

interface TargetRun {
  readonly run: MeasuredRun;
  readonly floorSeconds: number;
}

async function measureTarget({ folder }: BenchContext, rows: number): Promise<TargetRun> {
  const stdin = join(folder, "messages.jsonl");
  await writeMessages(stdin, rows);
  const target = newSqlite(join(folder, `singer-${rows}`));
  const args = ["target", "--quiet", "--destination", target.destination];
  const run = await runProgram("rivulet", args, { cwd: folder, stdin });
  const bare = await target.floor(table);
  await Promise.all([stdin, target.path].map((file) => rm(file)));
  return { run, floorSeconds: bare.seconds };
}

function speedFigure(rows: number, { run, floorSeconds }: TargetRun): Figure {
  const { seconds, cpuSeconds, peakMegabytes } = run;
  const ratio = floorSeconds / seconds;
  return {
    scenario: "singer, sqlite",
    measured: formatRate(rows, seconds, "records"),
    floor: formatRate(rows, floorSeconds),
    ratio,
    aims: [atLeast(minRows, rows / seconds, "records/s"), atLeast(minRatio, ratio)],
    explanation: explainTime({
      run,
      floorSeconds,
      notes: [`the floor comes to ${formatRate(rows, floorSeconds)}`],
      remainder: "the rest is the JSON of the lines, keys and garbage",
    }),
    detail: { rows, seconds, floorSeconds, cpuSeconds, peakMegabytes },
  };
}

function memoryFigure(
  rows: number,
  {
    small,
    large,
    bare,
  }: { readonly small: MeasuredRun; readonly large: MeasuredRun; readonly bare: MeasuredRun },
): Figure {
  const ratio = large.peakMegabytes / small.peakMegabytes;
  return {
    scenario: `singer, memory, ${formatInteger(rows)} records`,
    measured: `${formatInteger(large.peakMegabytes)} MB`,
    floor: `${formatInteger(small.peakMegabytes)} MB`,
    ratio,
    aims: [atMost(tolerance, ratio)],
    explanation: explainMemory(large, bare),
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

/** Writes a SCHEMA, RECORDs with random keys, and a STATE every 10,000 records. */
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
    lines.push(recordMessage({ id, ...scored, author: "ada", answer: part() }));
    if (number % 10_000 === 0) lines.push(JSON.stringify({ type: "STATE", value: { number } }));
    if (lines.length < 1000 && number < rows - 1) continue;
    abortSignal.throwIfAborted();
    if (!output.write(`${lines.splice(0).join("\n")}\n`)) await once(output, "drain");
  }
  output.end();
  await once(output, "close");
}

/** A RECORD message of `lineBytes`. */
function recordMessage(record: Readonly<Record<string, unknown>>): string {
  const line = (question: string): string =>
    JSON.stringify({ type: "RECORD", stream: table, record: { ...record, question } });
  return line("?".padStart(lineBytes - line("").length, "why "));
}
