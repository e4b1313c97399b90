import cliProgress from "cli-progress";
import type { Progress } from "../sync.ts";
import type { Terminal } from "./terminal.ts";

export interface ProgressView extends Progress, Disposable {
  /** Takes the bars away; what is printed next stands below them. */
  close(): void;
}

const silent: ProgressView = {
  started: () => undefined,
  wrote: () => undefined,
  ended: () => undefined,
  close: () => undefined,
  [Symbol.dispose]: () => undefined,
};

/** A bar for each stream on a terminal, nothing elsewhere. */
export function openProgress(terminal: Terminal, shown: boolean): ProgressView {
  if (!shown || !process.stderr.isTTY) return silent;
  const bars = new cliProgress.MultiBar(
    {
      format: line,
      hideCursor: true,
      linewrap: false,
      clearOnComplete: true,
      stream: process.stderr,
      autopadding: true,
    },
    cliProgress.Presets.shades_classic,
  );
  const byStream = new Map<string, cliProgress.SingleBar>();
  terminal.divert((text) => {
    bars.log(text);
  });
  let open = true;
  const close = (): void => {
    // Stopping twice would draw the bars again, below what was printed since.
    if (open) bars.stop();
    open = false;
    terminal.divert(undefined);
  };
  return {
    started(stream) {
      byStream.set(stream, bars.create(0, 0, { stream, startedAt: Date.now() }));
    },
    wrote(stream, { inserted, updated, unchanged, rejected }, expected) {
      const bar = byStream.get(stream);
      if (expected !== undefined) bar?.setTotal(expected);
      bar?.update(inserted + updated + unchanged + rejected);
    },
    ended(stream) {
      byStream.get(stream)?.update({ endedAt: Date.now() });
      byStream.get(stream)?.stop();
    },
    close,
    [Symbol.dispose]: close,
  };
}

interface Payload {
  readonly stream: string;
  readonly startedAt: number;
  readonly endedAt?: number;
}

const barWidth = 20;

/** `opik_dataset_item  ████░░░░  12,345 of 50,000 rows  8,120/s  5 s left`, as much of it as fits. */
function line(
  _options: unknown,
  { value, total }: { value: number; total: number },
  payload: Payload,
): string {
  const seconds = Math.max(((payload.endedAt ?? Date.now()) - payload.startedAt) / 1000, 0.001);
  const rate = value / seconds;
  const parts = [
    payload.stream,
    `${count(value)}${total > 0 ? ` of ${count(total)}` : ""} rows`,
    `${count(rate)}/s`,
  ];
  if (total > value && rate > 0) parts.push(`${count((total - value) / rate)} s left`);
  const filled = total > 0 ? Math.min(barWidth, Math.round((value / total) * barWidth)) : 0;
  const bar = `${"█".repeat(filled)}${"░".repeat(barWidth - filled)}`;
  const width = process.stderr.columns || 80;
  const withBar = [parts[0], ...(total > 0 ? [bar] : []), ...parts.slice(1)].join("  ");
  return (withBar.length < width ? withBar : parts.join("  ")).slice(0, width - 1);
}

/** A whole number with separators. */
export function count(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}
