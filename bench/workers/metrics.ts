import { z } from "zod";
import { newLog } from "../../src/core/log.ts";
import type { Row, Table } from "../../src/core/schema.ts";
import type { Batch } from "../../src/core/source.ts";
import { openDestination } from "../../src/destination/open.ts";
import { seededRandom } from "../../src/emulators/random.ts";
import { readWorkerOptions } from "../worker.ts";

/** Writes narrow rows in key order. The time to make the rows is not counted. */
const { destination: url, rows: total } = readWorkerOptions(
  z.object({ destination: z.string(), rows: z.number() }),
);

const table = {
  name: "metrics",
  columns: {
    run_id: "string",
    step: "integer",
    metric_name: "string",
    metric_value: "double",
    timestamp: "timestamp",
  },
  primaryKey: ["run_id", "step", "metric_name"],
} as const satisfies Table;

const metricNames = Array.from({ length: 10 }, (_, index) => `metric_${index}`);
const stepsPerRun = 1000;
const rowsPerBatch = 1000;
const batchesPerGroup = 10;
const random = seededRandom(1);

let milliseconds = 0;
const destination = await openDestination(url, {
  log: newLog(() => undefined, "severe"),
  thread: true,
});
const session = await destination.lock({ name: "bench", identity: "bench" });
await session.begin();
await session.prepare([table]);
for (let first = 0; first < total; first += rowsPerBatch * batchesPerGroup) {
  const group = groupFrom(first);
  await timed(() => session.write(group));
}
await timed(async () => {
  await session[Symbol.asyncDispose]();
  await destination[Symbol.asyncDispose]();
});
process.stdout.write(`${JSON.stringify({ rows: total, seconds: milliseconds / 1000 })}\n`);

function groupFrom(first: number): Batch[] {
  return Array.from({ length: batchesPerGroup }, (_, index) => {
    const from = first + index * rowsPerBatch;
    const rows = Array.from({ length: rowsPerBatch }, (_row, offset) => rowAt(from + offset));
    return { stream: table.name, rows, checkpoint: { rows: from + rowsPerBatch } };
  });
}

function rowAt(index: number): Row {
  const line = Math.floor(index / metricNames.length);
  const run = Math.floor(line / stepsPerRun);
  const step = line % stepsPerRun;
  const at = new Date(Date.UTC(2026, 0, 1) + line * 1000);
  return {
    run_id: `run${run.toString(36).padStart(5, "0")}`,
    step,
    metric_name: metricNames[index % metricNames.length],
    metric_value: random(),
    timestamp: at.toISOString(),
  };
}

async function timed(work: () => Promise<unknown>): Promise<void> {
  const start = performance.now();
  await work();
  milliseconds += performance.now() - start;
}
