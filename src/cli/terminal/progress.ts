import cliProgress from "cli-progress";
import type { Units } from "../../core/source.ts";
import type { RequestStats } from "../../core/request-stats.ts";
import type { ProgressListener, StreamProgress } from "../../engine/sync.ts";
import { formatProgressLine } from "./progress-line.ts";
import type { Terminal } from "./terminal.ts";

export interface ProgressView extends ProgressListener, Disposable {
  /** Takes the bars away; what is printed next stands below them. */
  close(): void;
}

export interface ProgressOptions {
  readonly visible: boolean;
  /** What the source's client does. */
  readonly transfer: RequestStats;
}

const noProgress: ProgressView = {
  started: () => undefined,
  wrote: () => undefined,
  ended: () => undefined,
  close: () => undefined,
  [Symbol.dispose]: () => undefined,
};

/** A line for each stream on a terminal, nothing elsewhere. */
export function openProgress(
  terminal: Terminal,
  { visible, transfer }: ProgressOptions,
): ProgressView {
  if (!visible || !process.stderr.isTTY) return noProgress;
  const bars = new cliProgress.MultiBar(
    {
      format: (_options, _values, { line }: Payload) => line.text(),
      hideCursor: true,
      linewrap: false,
      clearOnComplete: true,
      stream: process.stderr,
      autopadding: true,
    },
    cliProgress.Presets.shades_classic,
  );
  const lines = new Map<string, StreamLine>();
  terminal.redirectLog((text) => {
    bars.log(text);
  });
  let open = true;
  const close = (): void => {
    // Stopping twice would draw the bars again, below what was printed since.
    if (open) bars.stop();
    open = false;
    terminal.redirectLog(undefined);
  };
  return {
    started({ name, units = { rows: "rows" } }) {
      const line = new StreamLine(name, units, transfer);
      lines.set(name, line);
      bars.create(0, 0, { line } satisfies Payload);
    },
    wrote(stream, { inserted, updated, unchanged, rejected }, reach) {
      lines.get(stream)?.wrote(inserted + updated + unchanged + rejected, reach);
    },
    ended(stream) {
      lines.get(stream)?.end();
    },
    close,
    [Symbol.dispose]: close,
  };
}

interface Payload {
  readonly line: StreamLine;
}

/** What is known of a stream that is being copied. */
class StreamLine {
  readonly #stream: string;
  readonly #units: Units;
  readonly #transfer: RequestStats;
  readonly #startedAt = Date.now();
  readonly #requestsBefore: number;
  #rows = 0;
  #reach: StreamProgress = {};
  /** What is shown of a stream that has ended. */
  #last: string | undefined;

  constructor(stream: string, units: Units, transfer: RequestStats) {
    this.#stream = stream;
    this.#units = units;
    this.#transfer = transfer;
    this.#requestsBefore = transfer.requests;
  }

  wrote(rows: number, reach: StreamProgress): void {
    this.#rows = rows;
    this.#reach = { ...this.#reach, ...reach };
  }

  end(): void {
    this.#last = this.text();
  }

  text(): string {
    if (this.#last !== undefined) return this.#last;
    const now = Date.now();
    const { requests, pausedUntil = 0 } = this.#transfer;
    const standing = {
      ...{ stream: this.#stream, units: this.#units, rows: this.#rows, ...this.#reach },
      seconds: (now - this.#startedAt) / 1000,
      requests: requests - this.#requestsBefore,
      pauseSeconds: Math.max(0, (pausedUntil - now) / 1000),
    };
    return formatProgressLine(standing, process.stderr.columns || 80);
  }
}
