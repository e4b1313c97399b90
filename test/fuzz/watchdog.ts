import { Worker } from "node:worker_threads";

/** Watches this process from a thread that works even while the main thread does not. */
export interface Watchdog extends AsyncDisposable {
  /** The most memory that the process has had, in MiB. */
  readonly peakMemoryMb: number;
  /** Says what is being done, for the message if it hangs. */
  watch(doing: string): void;
}

/** A main thread that does nothing else for this long hangs. */
const hangMs = 120_000;

const source = `
  const { parentPort, workerData } = require("node:worker_threads");
  const { writeSync } = require("node:fs");
  const { beats, peak, hangMs } = workerData;
  let doing = "";
  let last = -1;
  let since = performance.now();
  parentPort.on("message", (text) => { doing = text; });
  setInterval(() => {
    const mebibytes = Math.ceil(process.memoryUsage.rss() / 2 ** 20);
    if (mebibytes > peak[0]) peak[0] = mebibytes;
    if (beats[0] !== last) { last = beats[0]; since = performance.now(); }
    if (performance.now() - since < hangMs) return;
    writeSync(2, "the main thread hangs: " + doing + "\\n");
    process.kill(process.pid, "SIGKILL");
  }, 20);
`;

/** Starts to watch. */
export function startWatchdog(): Watchdog {
  const beats = new Int32Array(new SharedArrayBuffer(4));
  const peak = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(source, { eval: true, workerData: { beats, peak, hangMs } });
  const timer = setInterval(() => {
    Atomics.add(beats, 0, 1);
  }, 100);
  return {
    get peakMemoryMb() {
      return peak[0] ?? 0;
    },
    watch(doing) {
      worker.postMessage(doing);
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await worker.terminate();
    },
  };
}
