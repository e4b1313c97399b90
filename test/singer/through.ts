import { Transform } from "node:stream";
import { newLog } from "../../src/core/log.ts";
import type { Source } from "../../src/core/source.ts";
import { newRequestStats } from "../../src/core/request-stats.ts";
import { openDestination } from "../../src/destination/open.ts";
import { runTarget } from "../../src/singer/run-target.ts";
import { selectAllStreams, type SelectedStream } from "../../src/singer/catalog.ts";
import { LineOutput } from "../../src/singer/line-output.ts";
import { parseState } from "../../src/singer/tap-state.ts";
import { runTap, type TapResult } from "../../src/singer/run-tap.ts";
import type { Summary } from "../../src/engine/sync.ts";

export interface ThroughOptions {
  readonly config: Readonly<Record<string, unknown>>;
  readonly destination: string;
  /** What the target wrote last time; `""`: nothing. */
  readonly state: string;
  readonly startedAt?: Date;
  readonly wanted?: (wanted: readonly SelectedStream[]) => readonly SelectedStream[];
}

export interface Through {
  readonly tap: TapResult;
  readonly target: Summary;
  /** What the target wrote. */
  readonly state: string;
  /** The lines between the two. */
  readonly lines: readonly string[];
}

/** Copies a source through a tap and a target, in this process. */
export async function through(source: Source, options: ThroughOptions): Promise<Through> {
  const { startedAt = new Date(), wanted } = options;
  const { signal } = new AbortController();
  const log = newLog(() => undefined);
  const config: unknown = source.config.parse(options.config);
  const subject = { source: source.name, identity: source.identity(config) };
  const streams = source.streams(config, { log, transfer: newRequestStats(), signal });
  const sent: Buffer[] = [];
  const pipe = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      sent.push(chunk);
      done(null, chunk);
    },
  });
  const states = [options.state];
  await using destination = await openDestination(options.destination, { log });
  await using session = await destination.lock({ name: "target" });
  const loading = runTarget({
    ...{ session, pipeline: "target", input: () => pipe, startedAt, log, signal },
    onState: (state) => states.push(state),
  });
  const tapped = await runTap({
    ...{ startedAt, log, signal, output: new LineOutput(pipe), writeMetric: () => undefined },
    selected: wanted?.(selectAllStreams(streams)) ?? selectAllStreams(streams),
    state: parseState(options.state, subject, "state.json"),
    identity: `${subject.source} ${subject.identity}`,
  });
  pipe.end();
  const target = await loading;
  const lines = Buffer.concat(sent).toString("utf8").trimEnd().split("\n");
  return { tap: tapped, target, state: states.at(-1) ?? "", lines };
}
