import cliProgress from "cli-progress";
import type { RequestStats } from "../../core/request-stats.ts";
import type { Units } from "../../core/source.ts";
import type { ProgressListener, StreamProgress } from "../../engine/sync.ts";
import { formatProgressLine } from "./progress-line.ts";
import type { Terminal } from "./terminal.ts";

/** Shows progress. */
export interface ProgressView extends ProgressListener, Disposable {
  /** Removes the lines of progress, so that output can follow. */
  close(): void;
}

interface ProgressOptions {
  readonly visible: boolean;
  /** The counts of the source's HTTP client. */
  readonly transfer: RequestStats;
}

const noProgress: ProgressView = {
  started: () => undefined,
  wrote: () => undefined,
  ended: () => undefined,
  close: () => undefined,
  [Symbol.dispose]: () => undefined,
};

/** Shows a line per stream if standard error is a terminal; otherwise nothing. */
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
    // Stopping twice would draw the bars again, below later output.
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
    wrote(stream, { inserted, updated, unchanged, rejected }, progress) {
      lines.get(stream)?.wrote(inserted + updated + unchanged + rejected, progress);
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

/** The progress of one stream. */
class StreamLine {
  readonly #stream: string;
  readonly #units: Units;
  readonly #transfer: RequestStats;
  readonly #startedAt = Date.now();
  readonly #initialRequests: number;
  #rows = 0;
  #progress: StreamProgress = {};
  #finalText: string | undefined;

  constructor(stream: string, units: Units, transfer: RequestStats) {
    this.#stream = stream;
    this.#units = units;
    this.#transfer = transfer;
    this.#initialRequests = transfer.requests;
  }

  wrote(rows: number, progress: StreamProgress): void {
    this.#rows = rows;
    this.#progress = { ...this.#progress, ...progress };
  }

  end(): void {
    this.#finalText = this.text();
  }

  /** The line as it is now, or as it was when the stream ended. */
  text(): string {
    if (this.#finalText !== undefined) return this.#finalText;
    const now = Date.now();
    const { requests, pausedUntil = 0 } = this.#transfer;
    const status = {
      ...{ stream: this.#stream, units: this.#units, rows: this.#rows, ...this.#progress },
      seconds: (now - this.#startedAt) / 1000,
      requests: requests - this.#initialRequests,
      pauseSeconds: Math.max(0, (pausedUntil - now) / 1000),
    };
    return formatProgressLine(status, process.stderr.columns || 80);
  }
}
